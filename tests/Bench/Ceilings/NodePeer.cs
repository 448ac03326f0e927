using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace CroPlatform.Bench.Ceilings;

/// <summary>A script under clients/peers that serves what others wrote for the same purpose; it tells its port when it is ready.</summary>
internal sealed class NodePeer : IDisposable
{
    private readonly Process _process;

    private NodePeer(Process process, int port) => (_process, Http) = (process, new Uri($"http://127.0.0.1:{port}"));

    public Uri Http { get; }

    public static async Task<NodePeer> StartAsync(string script, params string[] words)
    {
        var process = Process.Start(new ProcessStartInfo("node", [script, .. words])
        {
            UseShellExecute = false,
            WorkingDirectory = Folder(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        return int.TryParse(await process.StandardOutput.ReadLineAsync(), out var port)
            ? new NodePeer(process, port)
            : throw new BenchException($"{script} did not start");
    }

    /// <summary>Runs a script to its end and returns what it prints.</summary>
    public static async Task<string> RunAsync(string script, string input, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo("node", [script, .. words])
        {
            UseShellExecute = false,
            WorkingDirectory = Folder(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new BenchException($"{script} failed");
    }

    /// <summary>Processor time used since its start.</summary>
    public Task<double> CpuSecondsAsync()
    {
        _process.Refresh();
        return Task.FromResult(_process.TotalProcessorTime.TotalSeconds);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10))) _process.Kill();
        _process.Dispose();
    }

    private static string Folder([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "../clients/peers");
}
