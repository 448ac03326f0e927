using System.Diagnostics;

namespace CroPlatform.Bench.Broker;

/// <summary>librdkafka's mock cluster in a process of its own, so that it shares nothing with the clients but the machine.</summary>
internal sealed class MockProcess : IDisposable
{
    public const string Verb = "serve-mock";

    private readonly Process _process;

    private MockProcess(Process process, string bootstrap) => (_process, Bootstrap) = (process, bootstrap);

    public string Bootstrap { get; }

    public static async Task<MockProcess> StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(MockProcess).Assembly.Location, "broker", Verb]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        return new MockProcess(process, await process.StandardOutput.ReadLineAsync() ?? throw new BenchException("the mock cluster did not start"));
    }

    /// <summary>Writes its address as a line, then serves until its standard input ends.</summary>
    public static async Task<int> ServeAsync()
    {
        using var cluster = new MockCluster();
        cluster.Create(BrokerLoad.Topic, BrokerLoad.Partitions);
        Console.WriteLine(cluster.Bootstrap);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
    }
}
