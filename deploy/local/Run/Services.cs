using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>Where the services find the servers they need.</summary>
internal sealed record Servers(string Kafka, string Redis, string? RedisPassword, string Postgres);

/// <summary>The platform's own services and the door before them, as processes of this machine.</summary>
/// <param name="shared">What every service is told in the same words, say the simulated clock.</param>
/// <param name="spool">Where the gateway keeps events while the log is away.</param>
internal sealed class Services(SortedDictionary<string, int> ports, Keys keys, Servers servers, IReadOnlyDictionary<string, string> shared, string spool)
{
    public const string Site = "default";

    /// <summary>In the order in which an outcome passes them.</summary>
    public static IReadOnlyList<string> Names { get; } = ["experiments", "ingestion", "assignment", "statistics", "reporting"];

    private const string FlagdPort = "assignment.flagd";

    private static readonly string[] WithGrpc = ["experiments", "assignment", "statistics"];

    /// <summary>Every listener that needs a port, the door apart.</summary>
    public static IEnumerable<string> Listeners => Names.Select(HttpPort).Concat(WithGrpc.Select(GrpcPort)).Append(FlagdPort);

    /// <summary>host:port where the assignment service speaks flagd's protocol.</summary>
    public string Flagd => $"127.0.0.1:{ports[FlagdPort]}";

    public IReadOnlyDictionary<string, ServiceEndpoint> Endpoints() =>
        Names.ToDictionary(name => name, name => new ServiceEndpoint(Http(name), WithGrpc.Contains(name) ? Grpc(name) : null));

    public Component Service(string name)
    {
        var environment = new Dictionary<string, string>(shared)
        {
            ["Metrics__Key"] = keys.MetricsKey,
            ["Http__Port"] = ports[HttpPort(name)].ToString(),
            ["Kafka__BootstrapServers"] = servers.Kafka,
            ["Postgres__ConnectionString"] = servers.Postgres,
            ["Redis__Endpoint"] = servers.Redis,
        };
        if (servers.RedisPassword is not null)
            environment["Redis__Password"] = servers.RedisPassword;
        if (WithGrpc.Contains(name))
            environment["Grpc__Port"] = ports[GrpcPort(name)].ToString();
        foreach (var other in WithGrpc)
            environment["Services__" + Capitalized(other)] = $"http://{Grpc(other)}";
        if (name == "ingestion")
            environment["Spool__Folder"] = spool;
        if (name == "assignment")
        {
            environment["Flagd__Port"] = ports[FlagdPort].ToString();
            environment["Flagd__Site"] = Site;
        }

        if (name == "experiments")
        {
            environment["Peers__Ingestion"] = Http("ingestion");
            environment["Peers__Assignment"] = Http("assignment");
            environment["Bootstrap__Site"] = Site;
            environment["Bootstrap__WriteKey"] = keys.WriteKey;
            environment["Bootstrap__ServerKey"] = keys.ServerKey;
            environment["Bootstrap__AdminKey"] = keys.AdminKey;
            environment["Bootstrap__AdminEmail"] = Keys.AdminEmail;
            environment["Bootstrap__AdminPassword"] = keys.AdminPassword;
            environment["Webhooks__AllowedNetworks__0"] = "127.0.0.1/32";
            environment["Sessions__SigningKeyPassphrase"] = keys.SigningKeyPassphrase;
        }

        return new Component
        {
            Name = name,
            Address = () => Http(name),
            Ports = [.. ports.Where(port => port.Key.StartsWith(name + '.', StringComparison.Ordinal)).Select(port => port.Value)],
            Probe = cancel => Probes.HealthAsync(Http(name), cancel),
            Spec = Spec("services/" + name, "CroPlatform.Services." + Capitalized(name), environment),
        };
    }

    public Component Door()
    {
        var port = ports[Ports.Door];
        var environment = new Dictionary<string, string>(shared) { ["Metrics__Key"] = keys.MetricsKey, ["Http__Port"] = port.ToString() };
        foreach (var name in Names)
            environment["Door__" + Capitalized(name)] = Http(name);
        return new Component
        {
            Name = Ports.Door,
            Address = () => $"http://127.0.0.1:{port}",
            Ports = [port],
            Probe = cancel => Probes.HealthAsync($"http://127.0.0.1:{port}", cancel),
            Spec = Spec("deploy/door", "CroPlatform.Door", environment),
        };
    }

    private static string HttpPort(string name) => name + ".http";

    private static string GrpcPort(string name) => name + ".grpc";

    private static string Capitalized(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private string Http(string name) => $"http://127.0.0.1:{ports[HttpPort(name)]}";

    private string Grpc(string name) => $"127.0.0.1:{ports[GrpcPort(name)]}";

    // In the project's folder, which is where ASP.NET Core looks for its settings and pages.
    private static ProcessSpec Spec(string folder, string name, Dictionary<string, string> environment)
    {
        var assembly = Checkout.Assembly(folder, name);
        return new ProcessSpec { Command = ["dotnet", assembly], Folder = Checkout.Path(folder), Environment = environment, Revision = Builds.Revision(assembly) };
    }
}
