namespace CroPlatform.Door;

public enum Service
{
    Ingestion,
    Experiments,
    Assignment,
    Statistics,
    Reporting,
}

/// <summary>Which service answers which path of the one public origin.</summary>
public static class Routes
{
    // The protocols of foreign feature-flag clients: OFREP, and GrowthBook's payload, its live updates and remote evaluation.
    private static readonly PathString[] AssignmentPaths = ["/api/v1/assignments", "/ofrep", "/api/features", "/sub", "/api/eval"];

    /// <summary>The service for a path; what no other claims belongs to reporting (pages, its files and the live stream).</summary>
    public static Service ServiceOf(PathString path)
    {
        if (Under(path, "/v1"))
            return Service.Ingestion;
        if (AssignmentPaths.Any(prefix => Under(path, prefix)))
            return Service.Assignment;
        if (Under(path, "/api/v1/statistics") || Under(path, "/api/v1/interactions") || IsResults(path))
            return Service.Statistics;
        return Under(path, "/api") ? Service.Experiments : Service.Reporting;
    }

    /// <summary>Streams may be silent for long: the live page's WebSocket and server-sent events.</summary>
    public static bool IsStream(PathString path) => Under(path, "/live") || Under(path, "/sub") || Under(path, "/api/v1/conversion/behavioral/stream");

    private static bool IsResults(PathString path) =>
        path.StartsWithSegments("/api/v1/experiments", StringComparison.OrdinalIgnoreCase, out var rest) && rest.Value!.Split('/') is ["", { Length: > 0 }, "results", ..];

    // The services' own routing does not look at case either.
    private static bool Under(PathString path, PathString prefix) => path.StartsWithSegments(prefix, StringComparison.OrdinalIgnoreCase);
}
