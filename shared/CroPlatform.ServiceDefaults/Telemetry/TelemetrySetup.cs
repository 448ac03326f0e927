using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CroPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Traces, metrics and logs over OTLP where OTEL_EXPORTER_OTLP_ENDPOINT says, and the same meters as Prometheus text at GET /metrics.
/// </summary>
internal static class TelemetrySetup
{
    /// <summary>Everything of ours, and what ASP.NET Core, HttpClient and Npgsql tell of themselves.</summary>
    private static readonly string[] Sources = ["CroPlatform.*", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql"];

    private static readonly string[] Meters =
        ["CroPlatform.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql"];

    public static void AddTelemetry(this WebApplicationBuilder builder, string name)
    {
        var resource = ResourceBuilder.CreateDefault().AddService(name, "croplatform", serviceInstanceId: $"{Environment.MachineName}-{Environment.ProcessId}");
        var exports = !string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        builder.Services.AddSingleton<PrometheusText>();
        builder.Services.AddSingleton(services =>
        {
            var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Meters)
                // Two updates of a shared cell in each request, for a queue that only HTTP/1.1 pipelines and starved threads ever fill.
                .AddView("kestrel.queued_requests", MetricStreamConfiguration.Drop)
                .AddReader(new BaseExportingMetricReader(services.GetRequiredService<PrometheusText>()));
            return (exports ? metrics.AddOtlpExporter() : metrics).Build();
        });
        if (exports)
        {
            builder.Services.AddSingleton(_ =>
                Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Sources).AddOtlpExporter().Build());
            builder.Logging.AddOpenTelemetry(o => o.SetResourceBuilder(resource).AddOtlpExporter());
        }
        else
        {
            OnlyPassTracesOn(builder);
        }

        builder.Services.AddHostedService<TelemetryHost>();
    }

    /// <summary>
    /// Without an exporter nobody sees a span, so a request that brings no trace gets none: it would cost more than deciding an assignment.
    /// A caller's trace still goes on into what we write and ask.
    /// </summary>
    private static void OnlyPassTracesOn(WebApplicationBuilder builder)
    {
        // For its log scopes, which the console does not print, the host would make an activity all the same.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        ActivitySource.AddActivityListener(new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent == default ? ActivitySamplingResult.None
                : options.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? ActivitySamplingResult.AllDataAndRecorded
                : ActivitySamplingResult.PropagationData,
        });
    }

    /// <summary>Builds the providers when the host starts and flushes them when it ends.</summary>
    private sealed class TelemetryHost(MeterProvider meters, IServiceProvider services) : IHostedService
    {
        private readonly TracerProvider? _tracer = services.GetService<TracerProvider>();

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            meters.ForceFlush(2_000);
            _tracer?.ForceFlush(2_000);
            return Task.CompletedTask;
        }
    }
}
