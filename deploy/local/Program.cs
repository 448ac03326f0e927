using System.Runtime.InteropServices;
using CroPlatform.Local;
using CroPlatform.Local.Commands;

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

var progress = new Progress(Console.Out);
var arguments = new Arguments(args.Skip(1));
try
{
    return args.FirstOrDefault() switch
    {
        "up" => await UpCommand.RunAsync(arguments, progress, stop.Token),
        "down" => await DownCommand.RunAsync(arguments, progress, stop.Token),
        "status" => await StatusCommand.RunAsync(arguments, progress, stop.Token),
        "demo" => await DemoCommand.RunAsync(arguments, progress, stop.Token),
        "experiment" => await ExperimentCommand.RunAsync(arguments, stop.Token),
        "test" => await TestCommand.RunAsync(arguments, progress, stop.Token),
        "bench" => await BenchCommand.RunAsync(arguments, progress, stop.Token),
        "replay" => await ReplayCommand.RunAsync(arguments, progress, stop.Token),
        "audit" => await AuditCommand.RunAsync(arguments, progress, stop.Token),
        "backup" => await BackupCommand.TakeAsync(arguments, progress, stop.Token),
        "restore" => await BackupCommand.RestoreAsync(arguments, progress, stop.Token),
        "restart" => await ProcessCommands.RestartAsync(arguments, progress, stop.Token),
        "kill" => await ProcessCommands.KillAsync(arguments, progress, stop.Token),
        "logs" => await ProcessCommands.LogsAsync(arguments, progress, stop.Token),
        "help" or "--help" or "-h" => Usage(),
        null => throw new UsageException("which command?"),
        var other => throw new UsageException($"there is no command '{other}'"),
    };
}
catch (UsageException error)
{
    await Console.Error.WriteLineAsync($"cro: {error.Message}\n\n{Help.Text}");
    return 2;
}
catch (FailureException error)
{
    await Console.Error.WriteLineAsync($"cro: {error.Message}");
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("cro: interrupted");
    return 130;
}

static int Usage()
{
    Console.WriteLine(Help.Text);
    return 0;
}
