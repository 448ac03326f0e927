using System.Diagnostics;
using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>Starts and ends the processes of one data folder. They outlive this one.</summary>
internal sealed class Processes(DataFolder data, PidFiles pids, Progress progress)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private const long LogLimit = 32 << 20;
    private const int TailLines = 15;
    private const string StartMark = "--- cro:";

    // Lets go of everything that was open around us: our caller waits for its pipes and locks, the servers keep running.
    private const string Detach = """
        for open in /proc/$$/fd/*; do [ "${open##*/}" -le 2 ] || eval "exec ${open##*/}>&-"; done
        exec "$@" >>"$CRO_LOG" 2>&1 </dev/null
        """;

    // What a person set for a program of their own must not move our listeners.
    private static readonly string[] Unwanted = ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "DOTNET_URLS", "URLS"];

    /// <summary>
    /// Makes the component run as its spec says and waits until it is ready: one that already does is left alone, one
    /// that runs with other settings, or another build, is restarted.
    /// </summary>
    /// <exception cref="FailureException">It ended, or was not ready in time; with the last lines of its log.</exception>
    public async Task EnsureAsync(Component component, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var process = pids.Alive(component.Name);
        if (process is not null && process.Fingerprint != component.Spec.Fingerprint())
        {
            progress.Step(component.Name, "restarts: its settings or its build changed");
            await StopAsync(component.Name, cancel);
            process = null;
        }

        var before = process is not null;
        process ??= Start(component);
        await WaitUntilReadyAsync(component, process, cancel);
        if (before)
            progress.Step(component.Name, $"runs on {component.Address()}");
        else
            progress.Step(component.Name, $"ready on {component.Address()}", clock.Elapsed);
    }

    /// <summary>Asks the process to end, waits, and kills its group at the limit. Nothing to do is no error.</summary>
    public async Task StopAsync(string name, CancellationToken cancel)
    {
        if (pids.Alive(name) is { } process)
        {
            Signals.Send(process.Pid, name == PostgresServer.Name ? Signal.Interrupt : Signal.Terminate);
            if (!await EndsAsync(process, StopLimit, cancel))
            {
                progress.Step(name, $"did not end within {StopLimit.TotalSeconds:0} s and is killed");
                await KillAsync(name, cancel);
            }
        }

        pids.Remove(name);
    }

    /// <summary>SIGKILL to the process and its group.</summary>
    /// <exception cref="FailureException">It is still there afterwards.</exception>
    public async Task KillAsync(string name, CancellationToken cancel)
    {
        if (pids.Alive(name) is not { } process)
            return;
        Signals.SendToGroup(process.Pid, Signal.Kill);
        Signals.Send(process.Pid, Signal.Kill); // just started, it may not have a group of its own yet
        if (!await EndsAsync(process, StopLimit, cancel))
            throw new FailureException($"{name} (process {process.Pid}) does not end; it may be another user's: end it yourself");
    }

    private ProcessIdentity Start(Component component)
    {
        if (component.Ports.FirstOrDefault(port => !Ports.IsFree(port)) is > 0 and var taken)
            throw new FailureException($"{component.Name}: port {taken} is taken by another program");

        var log = data.Log(component.Name);
        if (File.Exists(log) && new FileInfo(log).Length > LogLimit)
            File.Move(log, log + ".1", overwrite: true);

        File.AppendAllText(log, $"{StartMark} {component.Name} starts {DateTimeOffset.UtcNow:O}\n");

        // setsid: a session and process group of its own, so that neither our end nor Ctrl-C here reaches it. Each
        // program replaces the one before it, so the number that we get is the last one's.
        string[] wrapped = ["bash", "-c", Detach, "bash", .. component.Spec.Command];
        var start = new ProcessStartInfo("setsid", wrapped) { WorkingDirectory = component.Spec.Folder };
        foreach (var name in Unwanted)
            start.Environment.Remove(name);
        foreach (var (name, value) in component.Spec.Environment)
            start.Environment[name] = value;
        start.Environment["CRO_LOG"] = log;

        using var process = Process.Start(start)!;
        var identity = ProcessIdentity.Of(process.Id, component.Spec.Fingerprint())
            ?? throw new FailureException($"{component.Name} ended at once\n{LogTail(component.Name)}");
        pids.Write(component.Name, identity);
        return identity;
    }

    private async Task WaitUntilReadyAsync(Component component, ProcessIdentity process, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (!process.IsAlive)
                throw new FailureException($"{component.Name} ended while starting. The end of {data.Log(component.Name)}:\n{LogTail(component.Name)}");
            var lacks = await component.Probe(cancel);
            if (lacks is null)
                return;
            if (clock.Elapsed > component.StartLimit)
            {
                throw new FailureException(
                    $"{component.Name} runs but was not ready within {component.StartLimit.TotalSeconds:0} s: {lacks}. " +
                    $"The end of {data.Log(component.Name)}:\n{LogTail(component.Name)}");
            }

            await Task.Delay(Poll, cancel);
        }
    }

    /// <summary>The last lines since its last start.</summary>
    private string LogTail(string name)
    {
        var lines = File.ReadLines(data.Log(name)).TakeLast(TailLines).Reverse()
            .TakeWhile(line => !line.StartsWith(StartMark, StringComparison.Ordinal)).Reverse().ToList();
        return lines.Count > 0 ? string.Join('\n', lines.Select(line => "    " + line)) : "    (it said nothing)";
    }

    private static async Task<bool> EndsAsync(ProcessIdentity process, TimeSpan limit, CancellationToken cancel)
    {
        for (var clock = Stopwatch.StartNew(); process.IsAlive; await Task.Delay(Poll, cancel))
        {
            if (clock.Elapsed > limit)
                return false;
        }

        return true;
    }
}
