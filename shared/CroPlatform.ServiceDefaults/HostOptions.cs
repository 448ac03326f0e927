using System.ComponentModel.DataAnnotations;

namespace CroPlatform.ServiceDefaults;

/// <summary>Where a service listens. gRPC has a port of its own, since cleartext HTTP/2 needs one.</summary>
public sealed record HttpOptions
{
    public const string Section = "Http";

    [Range(0, 65_535)] public int Port { get; init; } = 8080;

    /// <summary>Connections at once; more are refused.</summary>
    [Range(1, 1_000_000)] public int MaxConnections { get; init; } = 20_000;

    /// <summary>The largest body of a request, in bytes.</summary>
    [Range(1, 1L << 30)] public long MaxBodyBytes { get; init; } = 1 << 20;
}

public sealed record GrpcEndpointOptions
{
    public const string Section = "Grpc";

    /// <summary>0 takes a free port, -1 none.</summary>
    [Range(-1, 65_535)] public int Port { get; init; } = -1;
}

/// <summary>The key that Prometheus scrapes with, and operators look at routes with.</summary>
public sealed record MetricsOptions
{
    public const string Section = "Metrics";

    /// <summary>GET /metrics and GET /health/routes want it as a bearer token; empty: they are closed.</summary>
    public string Key { get; init; } = "";
}
