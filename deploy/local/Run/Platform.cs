using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>One instance of the whole platform: what it consists of, starting it and ending it.</summary>
internal sealed class Platform(DataFolder data, Progress progress)
{
    private static readonly TimeSpan LockLimit = TimeSpan.FromMinutes(5);
    private readonly PidFiles _pids = new(data);

    public DataFolder Data => data;

    /// <summary>Whether any of its processes runs.</summary>
    public bool IsRunning => data.Exists && _pids.Names().Any(name => _pids.Alive(name) is not null);

    /// <summary>Every process there can be, in the order of starting.</summary>
    public static IReadOnlyList<string> AllNames { get; } = [PostgresServer.Name, RedisServer.Name, BrokerServer.Name, .. Services.Names, Ports.Door];

    /// <summary>Starts what does not run, waits until all of it is ready, and writes endpoints.json.</summary>
    /// <param name="doorPort">The public port; null keeps the last one (8080 at first), 0 chooses a free one.</param>
    /// <exception cref="FailureException">Something could not be started; says what and why. What could be started runs.</exception>
    public async Task<Endpoints> UpAsync(int? doorPort, CancellationToken cancel)
    {
        data.Create();
        using var held = await LockAsync(cancel);
        var keys = Keys.Of(data);
        var ports = ChoosePorts(doorPort);
        var processes = new Processes(data, _pids, progress);

        var servers = await StartServersAsync(processes, keys, ports, cancel);
        var services = new Services(ports, keys, servers, SharedSettings.Of(data, Environment.GetEnvironmentVariables(), DateTimeOffset.UtcNow), data.Spool);
        var endpoints = new Endpoints
        {
            Public = services.Door().Address(),
            Kafka = servers.Kafka,
            Redis = servers.Redis,
            RedisPassword = servers.RedisPassword,
            Postgres = servers.Postgres,
            WriteKey = keys.WriteKey,
            ServerKey = keys.ServerKey,
            AdminKey = keys.AdminKey,
            AdminEmail = Keys.AdminEmail,
            AdminPassword = keys.AdminPassword,
            MetricsKey = keys.MetricsKey,
            Flagd = services.Flagd,
            Services = services.Endpoints(),
        };
        DataFolder.WritePrivate(data.Endpoints, Json.Write(endpoints));
        await AllAsync([.. Services.Names.Select(services.Service).Append(services.Door()).Select(component => processes.EnsureAsync(component, cancel))]);
        return endpoints;
    }

    /// <summary>Ends everything, in the reverse order of starting. True if anything ran.</summary>
    public async Task<bool> DownAsync(CancellationToken cancel)
    {
        if (!data.Exists)
            return false;
        using var held = await LockAsync(cancel);
        var processes = new Processes(data, _pids, progress);
        var names = _pids.Names();
        var running = names.Where(name => _pids.Alive(name) is not null).ToList();

        // The door first, so that nobody is let in any more; then the services, all at once; then what they stand on.
        string[][] stages = [[Ports.Door], [.. names.Except([Ports.Door, BrokerServer.Name, RedisServer.Name, PostgresServer.Name])], [BrokerServer.Name, RedisServer.Name, PostgresServer.Name]];
        foreach (var stage in stages)
            await AllAsync([.. stage.Where(_pids.Knows).Select(name => processes.StopAsync(name, cancel))]);
        File.Delete(data.Endpoints);
        if (running.Count > 0)
            progress.Step("down", $"ended {string.Join(", ", running)}");
        return running.Count > 0;
    }

    /// <summary>Ends one process, by SIGTERM and then by force, or at once by SIGKILL.</summary>
    public async Task EndAsync(string name, bool atOnce, CancellationToken cancel)
    {
        using var held = await LockAsync(cancel);
        var processes = new Processes(data, _pids, progress);
        if (atOnce)
            await processes.KillAsync(name, cancel);
        else
            await processes.StopAsync(name, cancel);
    }

    /// <summary>Starts a new database alone, lets something be done with it, and ends it.</summary>
    /// <param name="use">Gets the connection string.</param>
    public async Task WithPostgresAsync(Func<string, Task> use, CancellationToken cancel)
    {
        data.Create();
        using var held = await LockAsync(cancel);
        var processes = new Processes(data, _pids, progress);
        var postgres = new PostgresServer(data, Ports.Choose(new Dictionary<string, int>(), [PostgresServer.Name], (_, _) => false, Ports.IsFree, Random.Shared)[PostgresServer.Name], Keys.Of(data).PostgresPassword);
        await postgres.InitializeAsync(cancel);
        await processes.EnsureAsync(await postgres.PrepareAsync(cancel), cancel);
        try
        {
            await use(postgres.ConnectionString);
        }
        finally
        {
            await processes.StopAsync(PostgresServer.Name, CancellationToken.None);
        }
    }

    private Task<DataLock> LockAsync(CancellationToken cancel) =>
        DataLock.TakeAsync(Path.Combine(data.Root, "lock"), LockLimit, progress, cancel);

    private SortedDictionary<string, int> ChoosePorts(int? doorPort)
    {
        var remembered = File.Exists(data.Ports) ? Json.Read<SortedDictionary<string, int>>(data.Ports) : [];
        var names = new[] { PostgresServer.Name, RedisServer.Name, BrokerServer.Name }.Concat(Services.Listeners).ToList();
        if (doorPort == 0)
            names.Add(Ports.Door);
        var ports = Ports.Choose(
            remembered,
            names,
            (name, port) => _pids.Alive(name.Split('.')[0]) is not null || Ports.IsFree(port),
            Ports.IsFree,
            Random.Shared);
        if (doorPort != 0)
            ports[Ports.Door] = doorPort ?? remembered.GetValueOrDefault(Ports.Door, Ports.DefaultDoor);
        CheckDoor(ports[Ports.Door], remembered.GetValueOrDefault(Ports.Door));
        DataFolder.WritePrivate(data.Ports, Json.Write(ports));
        return ports;
    }

    private void CheckDoor(int port, int last)
    {
        var ours = port == last && _pids.Alive(Ports.Door) is not null;
        if (!ours && !Ports.IsFree(port))
            throw new FailureException($"port {port} is taken by another program (another instance of the platform?); end that, or choose another with --port");
    }

    private async Task<Servers> StartServersAsync(Processes processes, Keys keys, SortedDictionary<string, int> ports, CancellationToken cancel)
    {
        var outside = OutsideServers.FromEnvironment();
        var postgres = new PostgresServer(data, ports[PostgresServer.Name], keys.PostgresPassword);
        var redis = new RedisServer(data, ports[RedisServer.Name], keys.RedisPassword);
        var broker = new BrokerServer(data, ports[BrokerServer.Name]);
        await AllAsync(
        [
            outside.Postgres is null ? StartPostgresAsync() : processes.StopAsync(PostgresServer.Name, cancel),
            outside.Redis is null ? processes.EnsureAsync(redis.Prepare(), cancel) : processes.StopAsync(RedisServer.Name, cancel),
            outside.Kafka is null ? processes.EnsureAsync(broker.Prepare(), cancel) : processes.StopAsync(BrokerServer.Name, cancel),
        ]);
        return new Servers(
            outside.Kafka ?? broker.Address,
            outside.Redis ?? redis.Address,
            outside.Redis is null ? keys.RedisPassword : outside.RedisPassword,
            outside.Postgres ?? postgres.ConnectionString);

        async Task StartPostgresAsync()
        {
            if (!postgres.IsInitialized)
            {
                await progress.WatchAsync(PostgresServer.Name, "making a new database", async () =>
                {
                    await postgres.InitializeAsync(cancel);
                    return "made a new database";
                });
            }

            await processes.EnsureAsync(await postgres.PrepareAsync(cancel), cancel);
        }
    }

    /// <summary>Waits for all and reports every failure, not only the first.</summary>
    private static async Task AllAsync(IReadOnlyList<Task> tasks)
    {
        try
        {
            await Task.WhenAll(tasks);
        }
        catch (FailureException)
        {
            throw new FailureException(string.Join('\n', tasks.SelectMany(task => task.Exception?.InnerExceptions ?? []).Select(error => error.Message)));
        }
    }
}
