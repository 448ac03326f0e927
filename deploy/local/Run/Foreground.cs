using System.Diagnostics;

namespace CroPlatform.Local.Run;

/// <summary>Runs a program on this terminal and gives its exit status; when we are to stop, it is, too.</summary>
internal static class Foreground
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = Checkout.Root };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var program = Process.Start(start)!;
        try
        {
            await program.WaitForExitAsync(cancel);
            return program.ExitCode;
        }
        catch (OperationCanceledException)
        {
            Signals.Send(program.Id, Signal.Interrupt);
            if (!program.WaitForExit(Patience))
                program.Kill(entireProcessTree: true);
            throw;
        }
    }
}
