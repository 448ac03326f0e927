using CroPlatform.Broker.Apis;

namespace CroPlatform.Broker;

/// <summary>The whole broker: a store, the groups, and the port. Clients can connect once the constructor returns.</summary>
internal sealed class KafkaBroker : IAsyncDisposable
{
    private readonly BrokerOptions _options;
    private readonly Action<string> _log;
    private readonly OffsetStore _offsets;
    private readonly MemoryBudget _memory;
    private readonly Dictionary<ApiKey, Func<Request, Task>> _apis = [];
    private readonly Listener _listener;
    private readonly PeriodicTimer _groupTimer;
    private readonly PeriodicTimer _upkeepTimer;
    private readonly Task _ticking;

    /// <param name="log">Takes a line for people.</param>
    /// <exception cref="IOException">The data folder cannot be used.</exception>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    public KafkaBroker(BrokerOptions options, IDurableFiles files, TimeProvider time, Action<string> log)
    {
        (_options, _log) = (options, log);
        Topics = new TopicStore(options, files, time);
        foreach (var note in Topics.All.SelectMany(topic => topic.Partitions).Select(partition => partition.RecoveryNote).OfType<string>())
            log(note);
        foreach (var topic in options.Topics ? Contracts.Topics.All : [])
            Topics.Create(topic.Name, topic.Partitions, topic.KeptForEver ? TopicConfig.KeptForEver : TopicConfig.Defaults);
        _offsets = new OffsetStore(files, options.Data);
        _memory = new MemoryBudget(options.MemoryBytes);
        var groups = new GroupCoordinator(_offsets, options, time);
        new ClusterApi(this, Topics).AddTo(_apis);
        new TopicApi(Topics, _offsets, options).AddTo(_apis);
        new ProduceApi(Topics, options).AddTo(_apis);
        new FetchApi(Topics, _memory, options).AddTo(_apis);
        new OffsetApi(Topics, groups).AddTo(_apis);
        new MembershipApi(groups).AddTo(_apis);
        _listener = new Listener(options, ServeAsync);
        _groupTimer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), time);
        _upkeepTimer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        _ticking = Task.WhenAll(TickAsync(_groupTimer, groups.Tick), TickAsync(_upkeepTimer, Topics.Maintain));
    }

    public TopicStore Topics { get; }

    /// <summary>What clients connect to.</summary>
    public string Host => _options.AdvertisedHost ?? _options.Bind;

    public int Port => _listener.Port;

    public string Bootstrap => $"{Host}:{Port}";

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _groupTimer.Dispose();
        _upkeepTimer.Dispose();
        await _ticking;
        _offsets.Dispose();
        Topics.Dispose();
        _memory.Dispose();
    }

    private async ValueTask ServeAsync(Socket client, CancellationToken stop)
    {
        try
        {
            var from = client.RemoteEndPoint;
            using var connection = new Connection(client, async request => await _apis[request.Key](request), _memory, _options, stop);
            if (await connection.RunAsync() is { } why)
                _log($"closed the connection from {from}: {why}");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // Gone before it began.
            client.Dispose();
        }
    }

    /// <summary>Until the timer is disposed.</summary>
    private async Task TickAsync(PeriodicTimer timer, Action tick)
    {
        while (await timer.WaitForNextTickAsync())
        {
            try
            {
                tick();
            }
            catch (IOException e)
            {
                _log($"upkeep failed, will be tried again: {e.Message}");
            }
        }
    }
}
