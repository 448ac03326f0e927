using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>Where the services find the servers they need.</summary>
internal sealed record Servers(string Kafka, string Redis, string? RedisPassword, string Postgres);

/// <summary>The platform's own services and the door before them, as processes of this machine.</summary>
internal sealed class Services(SortedDictionary<string, int> ports, Keys keys, Servers servers)
{
    public const string Site = "default";

    /// <summary>In the order in which an outcome passes them.</summary>
    public static IReadOnlyList<string> Names { get; } = ["experiments", "ingestion", "assignment", "statistics", "reporting"];

    /// <summary>Every listener that needs a port, the door apart.</summary>
    public static IEnumerable<string> Listeners => Names.SelectMany(name => new[] { HttpPort(name), GrpcPort(name) });

    // Set by the caller for all services alike: one simulated clock, and where telemetry goes.
    private static readonly string[] PassedOn = ["CRO_CLOCK_", "OTEL_"];

    public IReadOnlyDictionary<string, ServiceEndpoint> Endpoints() =>
        Names.ToDictionary(name => name, name => new ServiceEndpoint(Http(name), $"127.0.0.1:{ports[GrpcPort(name)]}"));

    public Component Service(string name)
    {
        var environment = new Dictionary<string, string>(Common())
        {
            ["Http__Port"] = ports[HttpPort(name)].ToString(),
            ["Grpc__Port"] = ports[GrpcPort(name)].ToString(),
            ["Kafka__BootstrapServers"] = servers.Kafka,
            ["Postgres__ConnectionString"] = servers.Postgres,
            ["Redis__Endpoint"] = servers.Redis,
        };
        if (servers.RedisPassword is not null)
            environment["Redis__Password"] = servers.RedisPassword;
        foreach (var other in Names)
            environment["Services__" + Capitalized(other)] = $"http://127.0.0.1:{ports[GrpcPort(other)]}";
        if (name == "experiments")
        {
            environment["Bootstrap__Site"] = Site;
            environment["Bootstrap__WriteKey"] = keys.WriteKey;
            environment["Bootstrap__ServerKey"] = keys.ServerKey;
            environment["Bootstrap__AdminKey"] = keys.AdminKey;
        }

        return new Component
        {
            Name = name,
            Address = Http(name),
            Ports = [ports[HttpPort(name)], ports[GrpcPort(name)]],
            Probe = cancel => Probes.HealthAsync(Http(name), cancel),
            Spec = Spec("services/" + name, "CroPlatform.Services." + Capitalized(name), environment),
        };
    }

    public Component Door()
    {
        var port = ports[Ports.Door];
        var environment = new Dictionary<string, string>(Common()) { ["Http__Port"] = port.ToString() };
        foreach (var name in Names)
            environment["Door__" + Capitalized(name)] = Http(name);
        return new Component
        {
            Name = Ports.Door,
            Address = $"http://127.0.0.1:{port}",
            Ports = [port],
            Probe = cancel => Probes.HealthAsync($"http://127.0.0.1:{port}", cancel),
            Spec = Spec("deploy/door", "CroPlatform.Door", environment),
        };
    }

    private static string HttpPort(string name) => name + ".http";

    private static string GrpcPort(string name) => name + ".grpc";

    private static string Capitalized(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private string Http(string name) => $"http://127.0.0.1:{ports[HttpPort(name)]}";

    private Dictionary<string, string> Common()
    {
        var common = new Dictionary<string, string> { ["Metrics__Key"] = keys.MetricsKey };
        foreach (System.Collections.DictionaryEntry pair in Environment.GetEnvironmentVariables())
        {
            if (PassedOn.Any(prefix => ((string)pair.Key).StartsWith(prefix, StringComparison.Ordinal)))
                common[(string)pair.Key] = (string?)pair.Value ?? "";
        }

        return common;
    }

    // In the project's folder, which is where ASP.NET Core looks for its settings and pages.
    private static ProcessSpec Spec(string folder, string name, Dictionary<string, string> environment)
    {
        var assembly = Checkout.Assembly(folder, name);
        return new ProcessSpec { Command = ["dotnet", assembly], Folder = Checkout.Path(folder), Environment = environment, Revision = Builds.Revision(assembly) };
    }
}
