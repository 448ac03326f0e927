using System.Net;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CroPlatform.Grpc.Tests;

/// <summary>The echo service on Kestrel, HTTP/2 alone, on a free port.</summary>
public sealed class EchoServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EchoServer(WebApplication app)
    {
        _app = app;
        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Address = address.ToString();
        Port = address.Port;
        Channel = GrpcChannel.ForAddress(address);
        Client = new Echo.Echo.EchoClient(Channel);
    }

    public string Address { get; }

    public int Port { get; }

    public GrpcChannel Channel { get; }

    public Echo.Echo.EchoClient Client { get; }

    public CancelledCalls Cancelled => _app.Services.GetRequiredService<CancelledCalls>();

    public GrpcHealth Health => _app.Services.GetRequiredService<GrpcHealth>();

    public static async Task<EchoServer> StartAsync(
        Action<WebApplicationBuilder>? configureBuilder = null,
        Action<WebApplication>? configure = null,
        bool withEcho = true,
        int port = 0,
        HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = protocols));
        builder.Services.AddGrpc();
        builder.Services.AddGrpcHealth();
        builder.Services.AddSingleton<CancelledCalls>().AddSingleton<Progress>();
        configureBuilder?.Invoke(builder);
        var app = builder.Build();
        if (withEcho)
            app.MapGrpcService<EchoService>();
        app.MapGrpcHealth();
        configure?.Invoke(app);
        await app.StartAsync();
        return new EchoServer(app);
    }

    /// <summary>Stops as on SIGTERM: calls under way may end.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Stops at once: connections are cut.</summary>
    public async Task AbortAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.DisposeAsync();
    }
}
