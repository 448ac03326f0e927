using System.Diagnostics.Metrics;
using System.Net;
using CroPlatform.Grpc;
using CroPlatform.ServiceDefaults;
using CroPlatform.Services.Assignment.Decide;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Assignment.Serve.Flagd;

/// <summary>
/// The port of flagd's protocol: a server of its own in this process, so that nothing that asks for a key elsewhere can be reached through
/// it. It serves flags, health and reflection, to anybody.
/// </summary>
internal sealed partial class FlagdServer(IServiceProvider services, IOptions<FlagdOptions> options, ILogger<FlagdServer> logger) : IHostedService
{
    private WebApplication? _app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Port < 0) return;
        _app = Build();
        await _app.StartAsync(cancellationToken);
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        LogListening(address, options.Value.Site);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_app is null) return;
        await _app.StopAsync(cancellationToken);
        await _app.DisposeAsync();
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = services.GetRequiredService<IOptions<HttpOptions>>().Value.MaxConnections;
            kestrel.Listen(IPAddress.Parse(options.Value.Address), options.Value.Port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddSingleton<IHostLifetime, StoppedWithItsHost>();
        builder.Services.AddGrpc();
        builder.Services.AddGrpcHealth().AddGrpcReflection();
        Share<ILoggerFactory>();
        Share<IMeterFactory>();
        Share<GrpcHealth>();
        Share<SnapshotHolder>();
        Share<FlagDesk>();
        Share<IOptions<FlagdOptions>>();
        builder.Services.AddSingleton<FlagdFlags>().AddSingleton<FlagdEvents>().AddSingleton<FlagdV1>().AddSingleton<FlagdV2>();

        var app = builder.Build();
        app.MapGrpcService<FlagdV1>();
        app.MapGrpcService<FlagdV2>();
        app.MapGrpcHealth();
        app.MapGrpcReflection();
        return app;

        // The host's own; this container neither makes nor disposes of it.
        void Share<T>()
            where T : class => builder.Services.AddSingleton(services.GetRequiredService<T>());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "flagd's protocol is served on {Address}, without credentials, for site {Site}")]
    private partial void LogListening(string address, string site);

    /// <summary>Signals are for the host that this server is a part of.</summary>
    private sealed class StoppedWithItsHost : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
