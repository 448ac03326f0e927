using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// The platform's processes as the chaos suite runs them: a second gateway whose spool has a disk of a mebibyte, statistics behind proxies to
/// Postgres and Redis, a second statistics process that comes and goes, and proxies before both gateways.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    public const string Gateway = "ingestion";
    public const string SecondGateway = "ingestion-2";
    public const string Broker = "broker";
    public const string Assignment = "assignment";
    public const string Statistics = "statistics";
    public const string SecondStatistics = "statistics-2";
    public const string Postgres = "postgres";
    public const string Redis = "redis";
    public static readonly string[] Services = [Gateway, Assignment, Statistics, "experiments", "reporting"];

    private static readonly Dictionary<string, string> NotProduction = new() { ["DOTNET_ENVIRONMENT"] = "Chaos", ["Kafka__SessionTimeoutMs"] = "6000", ["Kafka__MaxPollIntervalMs"] = "10000" };

    private readonly RunningPlatform _platform;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly Dictionary<string, ServerProcess> _processes = [];
    private readonly Dictionary<string, BreakableLink> _links = [];
    private bool _isMounted;
    private string _older = "", _newer = "";

    private Deployment(RunningPlatform platform) => _platform = platform;

    /// <summary>Where clients send events: the door, each gateway, and each gateway through a proxy that cuts replies.</summary>
    public IReadOnlyList<Uri> Ways { get; private set; } = [];

    /// <summary>The second gateway, without a link that breaks.</summary>
    public Uri Second { get; private set; } = null!;

    public string SmallDisk { get; private set; } = "";

    /// <summary>The spools' folders.</summary>
    public IReadOnlyList<string> Spools { get; private set; } = [];

    /// <summary>Another Postgres, once it is attached.</summary>
    public PostgresStandby Standby { get; private set; } = null!;

    public ServerProcess this[string name] => _processes[name];

    /// <summary>Another release, whose statistics join and leave from now on, and to which other services can be swapped.</summary>
    public void Attach(OlderRelease older)
    {
        (_older, _newer) = (older.Checkout, _processes[Gateway].Checkout);
        SwapRelease(SecondStatistics);
    }

    /// <summary>From its next start on the service is of the release that it is not of now.</summary>
    public void SwapRelease(string service) => _processes[service].RunFrom(_processes[service].Checkout == _newer ? _older : _newer);

    /// <summary>Those that ended by themselves, and how often.</summary>
    public IEnumerable<(string Name, int Times)> Fallen => _processes.Values.Where(p => p.FellDown > 0).Select(p => (p.Name, p.FellDown));

    /// <summary>To the gateways, and from statistics to Postgres and Redis.</summary>
    public IReadOnlyDictionary<string, BreakableLink> Links => _links;

    public static async Task<Deployment> StartAsync(RunningPlatform platform, int seed)
    {
        var deployment = new Deployment(platform);
        try
        {
            await deployment.SetUpAsync(new Random(seed));
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts whatever is dead, and waits until all of it works.</summary>
    public async Task HealAsync()
    {
        foreach (var link in _links.Values) link.Heal();
        var due = _processes.Values.Where(p => p.Name != SecondStatistics).ToList();
        foreach (var process in due)
        {
            process.Signal(Local.Run.Signal.Continue);
            if (!process.IsAlive) await process.StartAgainAsync();
        }

        await Task.WhenAll(due.Select(p => p.ReadyAsync()));
    }

    /// <summary>Says FLUSHALL to Redis.</summary>
    public async Task FlushRedisAsync()
    {
        using var redis = await RedisAsync("FLUSHALL");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (name, process) in _processes)
        {
            // What the launcher does not know, or not with these settings, ends here; the launcher ends the rest.
            process.Signal(Local.Run.Signal.Continue);
            if (name is SecondGateway or SecondStatistics || Services.Contains(name)) await process.KillAsync();
        }

        Standby?.Dispose();
        foreach (var link in _links.Values) link.Dispose();
        _http.Dispose();
        if (_isMounted) Command.Demand("umount", "--lazy", SmallDisk);
    }

    private async Task SetUpAsync(Random random)
    {
        foreach (var name in (string[])[Postgres, Redis, Broker, .. Services, "door"]) _processes[name] = ServerProcess.TakeOver(_platform.Data, name, () => IsReadyAsync(name));

        Standby = new PostgresStandby(_processes[Postgres], _platform.Postgres);
        MountSmallDisk();
        var port = BreakableLink.FreePort();
        var second = new Dictionary<string, string>
        {
            ["Http__Port"] = $"{port}",
            ["Spool__Folder"] = Path.Combine(SmallDisk, "spool"),
            ["Spool__ReserveBytes"] = "65536",
            ["Spool__SegmentBytes"] = "65536",
            ["Ingestion__AckTimeoutMs"] = "2000",
            ["Kafka__QueueRecords"] = "1000",
        };
        Second = new Uri($"http://127.0.0.1:{port}");
        _processes[SecondGateway] = _processes[Gateway].Twin(SecondGateway, second, () => IsWellAsync(Second));
        Spools = [Path.Combine(_platform.Data, "spool"), Path.Combine(SmallDisk, "spool")];
        await _processes[SecondGateway].StartAsync();

        var gateway = _platform.Http(Gateway);
        _links[Gateway] = await BreakableLink.MakeAsync(0, gateway.Port, "POST ", new Random(random.Next()));
        _links[SecondGateway] = await BreakableLink.MakeAsync(1, port, "POST ", new Random(random.Next()));
        Ways = [_platform.Public, gateway, Second, .. _links.Values.Select(link => new Uri($"http://{link.Entry}"))];

        await PutLinksBeforeServersAsync(random);
        await Task.WhenAll(_processes[SecondGateway].ReadyAsync(), _processes[Statistics].ReadyAsync());
    }

    private async Task PutLinksBeforeServersAsync(Random random)
    {
        var statistics = _processes[Statistics];
        var postgres = new NpgsqlConnectionStringBuilder(_platform.Postgres);
        _links[Postgres] = await BreakableLink.MakeAsync(2, postgres.Port, "COMMIT", new Random(random.Next()));
        _links[Redis] = await BreakableLink.MakeAsync(3, RedisPort, "EVAL", new Random(random.Next()));
        (postgres.Host, postgres.Port) = ($"{_links[Postgres].Entry.Address}", _links[Postgres].Entry.Port);
        statistics.Set("Postgres__ConnectionString", postgres.ConnectionString);
        statistics.Set("Redis__Endpoint", $"{_links[Redis].Entry}");
        foreach (var (name, value) in NotProduction) statistics.Set(name, value);
        var (http, grpc) = (BreakableLink.FreePort(), BreakableLink.FreePort());
        _processes[SecondStatistics] = statistics.Twin(
            SecondStatistics, new Dictionary<string, string> { ["Http__Port"] = $"{http}", ["Grpc__Port"] = $"{grpc}" }, () => IsWellAsync(new Uri($"http://127.0.0.1:{http}")));
        await statistics.KillAsync();
        await statistics.StartAsync();
    }

    /// <summary>Where root is not to be had, the spool is bounded by its own limit instead.</summary>
    private void MountSmallDisk()
    {
        SmallDisk = Path.Combine(_platform.Data, "small-disk");
        Directory.CreateDirectory(SmallDisk);
        if (!Environment.IsPrivilegedProcess) return;
        Command.Demand("mount", "-t", "tmpfs", "-o", "size=1m", "cro-chaos", SmallDisk);
        _isMounted = true;
    }

    private Task<bool> IsReadyAsync(string name) => name switch
    {
        Postgres => IsPostgresReadyAsync(),
        Broker => IsOpenAsync(int.Parse(_platform.Kafka.Split(':')[1])),
        Redis => IsRedisReadyAsync(),
        "door" => IsWellAsync(_platform.Public),
        _ => IsWellAsync(_platform.Http(name)),
    };

    private async Task<bool> IsWellAsync(Uri service)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(service, "/health/ready"));
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> IsPostgresReadyAsync()
    {
        try
        {
            await using var db = new NpgsqlConnection(_platform.Postgres + ";Pooling=false;Timeout=2");
            await db.OpenAsync();
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            return false;
        }
    }

    private async Task<bool> IsRedisReadyAsync()
    {
        try
        {
            using var redis = await RedisAsync("PING");
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<TcpClient> RedisAsync(string command)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, RedisPort, limit.Token);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"AUTH {_platform.RedisPassword}\r\n{command}\r\n"), limit.Token);
        await client.GetStream().ReadExactlyAsync(new byte["+OK\r\n+OK\r\n".Length], limit.Token);
        return client;
    }

    private int RedisPort => int.Parse(_platform.Redis.Split(':')[1]);

    private static async Task<bool> IsOpenAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
