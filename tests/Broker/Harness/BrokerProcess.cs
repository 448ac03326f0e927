using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace CroPlatform.Broker.Tests;

/// <summary>A broker in a process of its own, which can be killed.</summary>
internal sealed class BrokerProcess : IDisposable
{
    private readonly string _folder;
    private readonly string _assembly;
    private readonly Dictionary<string, string> _settings;
    private readonly int _port = FreePort();
    private Process? _process;

    /// <param name="assembly">CroPlatform.Broker.dll.</param>
    /// <param name="settings">Further variables, say Broker__Fsync.</param>
    public BrokerProcess(string assembly, IReadOnlyDictionary<string, string>? settings = null)
    {
        _folder = Directory.CreateTempSubdirectory("cro-broker-").FullName;
        (_assembly, _settings) = (assembly, new Dictionary<string, string>(settings ?? new Dictionary<string, string>()));
    }

    public string Bootstrap => $"127.0.0.1:{_port}";

    /// <summary>Starts it and waits until it takes connections.</summary>
    /// <returns>How long that took, with the start of the runtime.</returns>
    public async Task<TimeSpan> StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [_assembly]) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var (name, value) in _settings)
            start.Environment[name] = value;
        start.Environment["Broker__Data"] = _folder;
        start.Environment["Broker__Port"] = $"{_port}";
        start.Environment["Broker__Topics"] = "false";
        var clock = Stopwatch.StartNew();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
                ready.TrySetException(new InvalidOperationException("the broker ended while it started"));
            else if (line.Data.StartsWith("Kafka broker on", StringComparison.Ordinal))
                ready.TrySetResult();
        };
        _process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
        return clock.Elapsed;
    }

    /// <summary>Ends it at once, as SIGKILL does.</summary>
    public void Kill()
    {
        if (_process is null)
            return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Kill();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
