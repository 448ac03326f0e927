using System.Text.Json.Serialization;

namespace CroPlatform.Local.Data;

/// <summary>endpoints.json: where a running platform is to be reached, and the keys of its site <c>default</c>.</summary>
internal sealed record Endpoints
{
    /// <summary>The door's URL.</summary>
    public required string Public { get; init; }

    /// <summary>Bootstrap servers, host:port.</summary>
    public required string Kafka { get; init; }

    /// <summary>host:port.</summary>
    public required string Redis { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RedisPassword { get; init; }

    /// <summary>A connection string for Npgsql.</summary>
    public required string Postgres { get; init; }

    public required string WriteKey { get; init; }

    public required string ServerKey { get; init; }

    public required string AdminKey { get; init; }

    /// <summary>The first person who can sign in to the dashboard.</summary>
    public required string AdminEmail { get; init; }

    public required string AdminPassword { get; init; }

    /// <summary>The bearer of <c>GET /metrics</c> on every service.</summary>
    public required string MetricsKey { get; init; }

    /// <summary>host:port of flagd's protocol, cleartext HTTP/2 and without credentials, for the site <c>default</c>.</summary>
    public required string Flagd { get; init; }

    public required IReadOnlyDictionary<string, ServiceEndpoint> Services { get; init; }
}

/// <param name="Http">URL.</param>
/// <param name="Grpc">host:port, cleartext HTTP/2; null where the service has no gRPC.</param>
internal sealed record ServiceEndpoint(
    string Http,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Grpc);
