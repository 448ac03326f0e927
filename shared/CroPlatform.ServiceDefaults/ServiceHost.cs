using System.Net;
using CroPlatform.ServiceDefaults.Browsers;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Health;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.ServiceDefaults;

/// <summary>What every service has in common: ports, limits, telemetry, health, errors, clock and draining.</summary>
public static class ServiceHost
{
    /// <param name="name">The service's name as it appears in traces, metrics and logs, say <c>ingestion</c>.</param>
    public static WebApplicationBuilder CreateBuilder(string name, string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.UseUtcTimestamp = true;
            o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.AddValidated<HttpOptions>(HttpOptions.Section);
        builder.Services.AddValidated<GrpcEndpointOptions>(GrpcEndpointOptions.Section);
        builder.Services.AddValidated<MetricsOptions>(MetricsOptions.Section);
        builder.Services.AddSingleton(SimulatedClock.FromEnvironment(Environment.GetEnvironmentVariable));
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddProblemDetails();
        builder.Services.AddBrowserAccess();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(25));
        builder.AddTelemetry(name);
        ConfigureKestrel(builder);
        return builder;
    }

    /// <summary>Options bound to a section, checked when the host starts: every problem is listed with what to set.</summary>
    public static OptionsBuilder<T> AddValidated<T>(this IServiceCollection services, string section)
        where T : class =>
        services.AddOptions<T>().BindConfiguration(section).ValidateDataAnnotations().ValidateOnStart();

    /// <summary>Adds errors, keys, health and metrics to the pipeline. Endpoints come after it; one without a stated key is refused.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseMiddleware<ErrorMiddleware>();
        app.UseRouting();
        app.UseCors();
        app.UseMiddleware<OversizeMiddleware>();
        app.UseMiddleware<KeyMiddleware>();
        app.MapHealth();
        app.MapRoutes();
        app.MapMetrics();
        app.Lifetime.ApplicationStopping.Register(app.Services.GetRequiredService<Readiness>().Drain);
        return app;
    }

    /// <summary>Runs until SIGTERM. Bad configuration ends it with status 78 and one line a problem.</summary>
    public static async Task<int> RunServiceAsync(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        try
        {
            await app.RunAsync();
            return 0;
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Told to end while it was starting.
            return 0;
        }
        catch (Exception e) when (Problems(e) is { Count: > 0 } problems)
        {
            foreach (var problem in problems) await Console.Error.WriteLineAsync($"configuration: {problem}");
            return 78;
        }
    }

    private static List<string> Problems(Exception e) => e switch
    {
        OptionsValidationException one => [.. one.Failures],
        AggregateException many when many.InnerExceptions.All(i => i is OptionsValidationException) =>
            [.. many.InnerExceptions.Cast<OptionsValidationException>().SelectMany(i => i.Failures)],
        _ => [],
    };

    private static void ConfigureKestrel(WebApplicationBuilder builder)
    {
        var http = builder.Configuration.GetSection(HttpOptions.Section).Get<HttpOptions>() ?? new HttpOptions();
        var grpc = builder.Configuration.GetSection(GrpcEndpointOptions.Section).Get<GrpcEndpointOptions>() ?? new GrpcEndpointOptions();
        var address = IPAddress.Parse(builder.Configuration["Bind:Address"] ?? "127.0.0.1");
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = http.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = http.MaxConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = http.MaxConnections;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(address, http.Port, listen => listen.Protocols = HttpProtocols.Http1);
            if (grpc.Port >= 0) kestrel.Listen(address, grpc.Port, listen => listen.Protocols = HttpProtocols.Http2);
        });
    }
}
