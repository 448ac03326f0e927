using System.Diagnostics;

namespace CroPlatform.Bench.Ceilings;

/// <summary><see cref="BareServer"/>, started and ended.</summary>
internal sealed class BareProcess : IDisposable
{
    private readonly Process _process;

    private BareProcess(Process process, string[] addresses) => (_process, Http, Grpc) = (process, new Uri(addresses[0]), new Uri(addresses[1]));

    public Uri Http { get; }

    public Uri Grpc { get; }

    public static async Task<BareProcess> StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(BareProcess).Assembly.Location, BareServer.Verb])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

        // As the services have it from their SDK.
        start.Environment["DOTNET_gcServer"] = "1";
        var process = Process.Start(start)!;
        return await process.StandardOutput.ReadLineAsync() is { } line && line.Split(' ') is [var http, var grpc]
            ? new BareProcess(process, [http, grpc])
            : throw new BenchException("the bare server did not start");
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
}
