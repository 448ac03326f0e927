using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace CroPlatform.Platform.Tests;

/// <summary>
/// A service of the running platform, taken over so that it can be killed and started within a second, with the very command and environment that
/// the launcher gave it. <c>./cro up</c> takes it back.
/// </summary>
internal sealed class ServiceProcess : IDisposable
{
    private readonly ConcurrentQueue<string> _said = new();
    private readonly ProcessStartInfo _start;
    private Process _process;

    private ServiceProcess(Process process, ProcessStartInfo start) => (_process, _start) = (process, start);

    /// <param name="folder">The platform's data folder.</param>
    public static ServiceProcess TakeOver(string folder, string name)
    {
        var pid = PidOf(folder, name);
        var command = Words($"/proc/{pid}/cmdline");
        var start = new ProcessStartInfo(command[0])
        {
            WorkingDirectory = new DirectoryInfo($"/proc/{pid}/cwd").ResolveLinkTarget(returnFinalTarget: true)!.FullName,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var word in command.Skip(1)) start.ArgumentList.Add(word);
        start.Environment.Clear();
        foreach (var variable in Words($"/proc/{pid}/environ").Select(v => v.Split('=', 2))) start.Environment[variable[0]] = variable[1];
        return new ServiceProcess(Process.GetProcessById(pid), start);
    }

    /// <summary>The process number that the launcher wrote down.</summary>
    public static int PidOf(string folder, string name) =>
        int.Parse(File.ReadLines(Path.Combine(folder, "pids", name + ".pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Start()
    {
        _process.Dispose();
        _process = Process.Start(_start)!;

        // Read, so that it never waits for a reader.
        _process.OutputDataReceived += (_, line) => Said(line.Data);
        _process.ErrorDataReceived += (_, line) => Said(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Ends it, so that its addresses are free for who takes it back.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>The end of what it has said since it was taken over.</summary>
    public string LastWords => string.Join('\n', _said);

    private void Said(string? line)
    {
        if (line is null) return;
        _said.Enqueue(line);
        if (_said.Count > 40) _said.TryDequeue(out _);
    }

    private static string[] Words(string file) => File.ReadAllText(file).Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
