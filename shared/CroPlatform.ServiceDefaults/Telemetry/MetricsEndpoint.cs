using CroPlatform.ServiceDefaults.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry.Metrics;

namespace CroPlatform.ServiceDefaults.Telemetry;

internal static class MetricsEndpoint
{
    /// <summary>GET /metrics with the scraper's own bearer key: it belongs to the operators, not to a site.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder app) => app.MapGet("/metrics", (HttpContext context, PrometheusText text, MeterProvider meters) =>
        OperatorsKey.IsIn(context) ? Results.Text(text.Render(meters), "text/plain; version=0.0.4") : OperatorsKey.Refuse()).AllowWithoutKey();
}
