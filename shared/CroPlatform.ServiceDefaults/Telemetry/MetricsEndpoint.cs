using System.Security.Cryptography;
using System.Text;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;

namespace CroPlatform.ServiceDefaults.Telemetry;

internal static class MetricsEndpoint
{
    /// <summary>GET /metrics with the scraper's own bearer key: it belongs to the operators, not to a site.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder app) =>
        app.MapGet("/metrics", (HttpContext context, PrometheusText text, MeterProvider meters, IOptions<MetricsOptions> options) =>
            Matches(context.Request.Headers.Authorization.ToString(), options.Value.Key)
                ? Results.Text(text.Render(meters), "text/plain; version=0.0.4")
                : Problem.Result(StatusCodes.Status401Unauthorized, "unauthorized", "authorization", "send the metrics key as 'Authorization: Bearer KEY'"))
            .AllowWithoutKey();

    private static bool Matches(string header, string key) =>
        key.Length > 0 && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes($"Bearer {key}"));
}
