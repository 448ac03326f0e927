using CroPlatform.Local.Data;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

/// <summary>What runs, and whether it is ready. The exit status is 0 only if all of it is.</summary>
internal static class StatusCommand
{
    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        var json = arguments.Flag("--json");
        arguments.End();

        var endpoints = File.Exists(data.Endpoints) ? Json.Read<Endpoints>(data.Endpoints) : null;
        var rows = await Task.WhenAll(Platform.AllNames.Select(name => RowAsync(name, data, endpoints, cancel)));
        var allReady = rows.All(row => row.State is State.Ready or State.Outside);
        if (json)
        {
            progress.Line(Json.Write(new { Data = data.Root, Ready = allReady, Public = endpoints?.Public, Flagd = endpoints?.Flagd, Processes = rows }).TrimEnd());
        }
        else
        {
            foreach (var row in rows)
                progress.Line($"  {row.Name,-12} {row.State,-8} {row.Address,-28} {(row.Pid is null ? "" : $"process {row.Pid}, up {Age(row.Since)}")} {row.Lacks}".TrimEnd());
            if (endpoints is not null)
                progress.Line($"  {"",-12} {"flagd",-8} {endpoints.Flagd,-28} in assignment, gRPC without credentials, site {Services.Site}");
            progress.Line(allReady ? $"\n  {endpoints!.Public}/   addresses and keys: {data.Endpoints}" : $"\n  not all of it is ready; './cro up{(data.Root == DataFolder.Of(null).Root ? "" : $" --data {data.Root}")}' starts what is missing");
        }

        return allReady ? 0 : 1;
    }

    private static async Task<Row> RowAsync(string name, DataFolder data, Endpoints? endpoints, CancellationToken cancel)
    {
        var pids = new PidFiles(data);
        var process = pids.Alive(name);
        var address = AddressOf(name, data, endpoints);
        if (process is null)
            return new Row(name, endpoints is not null && IsOutside(name, pids) ? State.Outside : State.Stopped, address);
        var lacks = endpoints is null ? "starting" : await ProbeAsync(name, data, endpoints, cancel);
        return new Row(name, lacks is null ? State.Ready : State.Unready, address, process.Pid, process.StartedAt, lacks);
    }

    /// <summary>One of ours that was killed leaves its pid file; only an outside server has none.</summary>
    private static bool IsOutside(string name, PidFiles pids) =>
        (name is PostgresServer.Name or RedisServer.Name or BrokerServer.Name) && !pids.Knows(name);

    private static string? AddressOf(string name, DataFolder data, Endpoints? endpoints) => name switch
    {
        _ when endpoints is null => null,
        BrokerServer.Name => endpoints.Kafka,
        RedisServer.Name => endpoints.Redis,
        PostgresServer.Name => HostAndPort(endpoints.Postgres),
        Ports.Door => endpoints.Public,
        _ => endpoints.Services[name].Http,
    };

    private static async Task<string?> ProbeAsync(string name, DataFolder data, Endpoints endpoints, CancellationToken cancel)
    {
        switch (name)
        {
            case RedisServer.Name:
                return await Probes.RedisAsync(PortOf(endpoints.Redis), Keys.Of(data).RedisPassword, cancel);
            case BrokerServer.Name or PostgresServer.Name:
                return await Probes.TcpAsync("127.0.0.1", PortOf(AddressOf(name, data, endpoints)!), cancel);
            default:
                return await Probes.HealthAsync(AddressOf(name, data, endpoints)!, cancel);
        }
    }

    private static int PortOf(string address) => int.Parse(address[(address.LastIndexOf(':') + 1)..]);

    private static string HostAndPort(string connectionString)
    {
        var parts = connectionString.Split(';').Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .ToDictionary(part => part[0].Trim(), part => part[1].Trim(), StringComparer.OrdinalIgnoreCase);
        return $"{parts.GetValueOrDefault("Host", "?")}:{parts.GetValueOrDefault("Port", "5432")}";
    }

    private static string Age(DateTimeOffset? since) => (DateTimeOffset.UtcNow - since) switch
    {
        { TotalHours: >= 1 } age => $"{age.TotalHours:0.0} h",
        { TotalMinutes: >= 1 } age => $"{age.TotalMinutes:0} min",
        { } age => $"{age.TotalSeconds:0} s",
        null => "",
    };

    private enum State
    {
        Stopped,
        Unready,
        Ready,
        Outside,
    }

    private sealed record Row(string Name, State State, string? Address, int? Pid = null, DateTimeOffset? Since = null, string? Lacks = null);
}
