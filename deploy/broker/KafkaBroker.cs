using System.Net.Sockets;
using CroPlatform.Broker.Apis;

namespace CroPlatform.Broker;

/// <summary>The whole broker: a store, the groups, and the port. Clients can connect once the constructor returns.</summary>
internal sealed class KafkaBroker : IAsyncDisposable
{
    private static readonly TimeSpan GroupTick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaintenanceTick = TimeSpan.FromSeconds(1);

    private readonly BrokerOptions _options;
    private readonly Action<string> _log;
    private readonly OffsetStore _offsets;
    private readonly GroupCoordinator _groups;
    private readonly MemoryBudget _memory;
    private readonly Dictionary<ApiKey, Func<Request, Task>> _apis = [];
    private readonly Listener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _ticking;

    /// <param name="topics">Made if they are not there, with their settings.</param>
    /// <param name="log">Takes a line for people.</param>
    /// <exception cref="IOException">The data folder cannot be used.</exception>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    public KafkaBroker(BrokerOptions options, ILogFiles files, TimeProvider time, Action<string> log, params IEnumerable<(string Name, int Partitions, IReadOnlyDictionary<string, string> Config)> topics)
    {
        (_options, _log) = (options, log);
        Topics = new TopicStore(options, files, time);
        foreach (var partition in Topics.All.SelectMany(topic => topic.Partitions).Where(partition => partition.RecoveryNote is not null))
            log(partition.RecoveryNote!);
        foreach (var (name, partitions, config) in topics)
            Topics.Create(name, partitions, config);
        _offsets = new OffsetStore(files, options.Data, options.Fsync);
        _groups = new GroupCoordinator(_offsets, options, time);
        _memory = new MemoryBudget(options.MemoryBytes);
        _listener = new Listener(options, ServeAsync);
        Host = options.AdvertisedHost ?? options.Bind;
        Register();
        _ticking =
        [
            TickAsync(GroupTick, time, _groups.Tick),
            TickAsync(MaintenanceTick, time, Topics.Maintain),
        ];
    }

    public TopicStore Topics { get; }

    /// <summary>What clients connect to.</summary>
    public string Host { get; }

    public int Port => _listener.Port;

    public string Bootstrap => $"{Host}:{Port}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listener.DisposeAsync();
        await Task.WhenAll(_ticking);
        await _offsets.DisposeAsync();
        Topics.Dispose();
        _memory.Dispose();
        _stop.Dispose();
    }

    private void Register()
    {
        new ClusterApi(this, Topics, _options).AddTo(_apis);
        new TopicApi(Topics, _offsets, _options).AddTo(_apis);
        new ProduceApi(Topics, _options).AddTo(_apis);
        new FetchApi(Topics, _memory, _options).AddTo(_apis);
        new OffsetApi(Topics, _groups).AddTo(_apis);
        new MembershipApi(_groups).AddTo(_apis);
    }

    private async Task ServeAsync(Socket client, CancellationToken stop)
    {
        var from = client.RemoteEndPoint;
        var why = await new Connection(client, request => _apis[request.Key](request), _memory, _options).RunAsync(stop);
        if (why is not null)
            _log($"closed the connection from {from}: {why}");
    }

    private async Task TickAsync(TimeSpan period, TimeProvider time, Action tick)
    {
        using var timer = new PeriodicTimer(period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
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
        catch (OperationCanceledException)
        {
            // Ended.
        }
    }
}
