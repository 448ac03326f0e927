using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace CroPlatform.Platform.Tests.People;

/// <summary>Another instance of the experiments service on the same database and log, with some settings of its own.</summary>
internal sealed class SecondControlPlane : IDisposable
{
    private readonly Process _process;

    private SecondControlPlane(Process process, HttpClient http) => (_process, Http) = (process, http);

    public HttpClient Http { get; }

    public static async Task<SecondControlPlane> StartAsync(IReadOnlyDictionary<string, string> settings)
    {
        var folder = Path.GetDirectoryName(Environment.GetEnvironmentVariable("CRO_ENDPOINTS"))!;
        var pid = File.ReadLines(Path.Combine(folder, "pids", "experiments.pid")).First();
        var command = (await File.ReadAllTextAsync($"/proc/{pid}/cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var variable in (await File.ReadAllTextAsync($"/proc/{pid}/environ")).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            start.Environment[variable[..equals]] = variable[(equals + 1)..];
        }

        var port = FreePort();
        start.Environment["Http__Port"] = port.ToString();
        start.Environment["Grpc__Port"] = "-1";
        foreach (var (name, value) in settings) start.Environment[name] = value;
        var process = Process.Start(start)!;
        var log = new List<string?>();
        process.OutputDataReceived += (_, line) => log.Add(line.Data);
        process.ErrorDataReceived += (_, line) => log.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var second = new SecondControlPlane(process, new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") });
        await TestPlatform.EventuallyAsync(second.IsReadyAsync, ready => ready || process.HasExited, "the second instance is ready");
        Assert.That(process.HasExited, Is.False, string.Join('\n', log));
        return second;
    }

    public void Dispose()
    {
        Http.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await Http.GetAsync("/health/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
