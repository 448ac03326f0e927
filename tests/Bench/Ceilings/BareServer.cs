using System.Net;
using CroPlatform.Contracts.Assignment;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Bench.Ceilings;

/// <summary>
/// The least that a server can do, in a process of its own: on the first port HTTP/1.1 that reads the body and answers 202, on the second a
/// gRPC method that answers an empty message.
/// </summary>
internal static class BareServer
{
    public const string Verb = "serve-bare";

    /// <summary>Writes its two addresses as a line, then serves until its standard input ends.</summary>
    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<EmptyService>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using var app = builder.Build();
        app.UseRouting();
        app.MapGrpcService<EmptyService>();
        app.MapPost("/{**path}", AcceptAsync);
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Console.WriteLine(string.Join(' ', addresses));
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }

    private static async Task AcceptAsync(HttpContext context)
    {
        var body = context.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync();
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }

    private sealed class EmptyService : AssignmentService.AssignmentServiceBase
    {
        private static readonly Task<AssignReply> Empty = Task.FromResult(new AssignReply());

        public override Task<AssignReply> Assign(AssignRequest request, ServerCallContext context) => Empty;
    }
}
