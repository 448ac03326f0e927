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
        Action<WebApplicationBuilder>? configureBuilder = null, Action<WebApplication>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddGrpcHealth();
        builder.Services.AddSingleton<CancelledCalls>();
        configureBuilder?.Invoke(builder);
        var app = builder.Build();
        app.MapGrpcService<EchoService>();
        app.MapGrpcHealth();
        configure?.Invoke(app);
        await app.StartAsync();
        return new EchoServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.DisposeAsync();
    }
}
