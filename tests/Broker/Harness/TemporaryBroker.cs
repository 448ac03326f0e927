using System.Collections.Concurrent;
using CroPlatform.Files;

namespace CroPlatform.Broker.Tests;

/// <summary>A broker in this process on a folder of its own, which <see cref="RestartAsync"/> keeps.</summary>
internal sealed class TemporaryBroker : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cro-broker-test-").FullName;
    private readonly BrokerOptions _options;

    /// <param name="options">Its folder and port are chosen here.</param>
    public TemporaryBroker(BrokerOptions? options = null)
    {
        _options = (options ?? new BrokerOptions { Data = "" }) with { Data = _folder, Topics = false };
        Broker = Start();
    }

    public KafkaBroker Broker { get; private set; }

    public string Bootstrap => Broker.Bootstrap;

    /// <summary>What the broker had to say.</summary>
    public ConcurrentQueue<string> Log { get; } = [];

    /// <summary>A clean end and a start on the same data, at another port.</summary>
    public async Task RestartAsync()
    {
        await Broker.DisposeAsync();
        Broker = Start();
    }

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private KafkaBroker Start() => new(_options, new DiskFiles(), TimeProvider.System, Log.Enqueue);
}
