using System.Collections.Concurrent;
using CroPlatform.Grpc.Tests.Echo;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Grpc.Tests;

/// <summary>Interceptors on both sides: every kind of call, their order, what they may change, their lifetime.</summary>
public sealed class InterceptorTests
{
    private static readonly string[] Kinds = ["Unary", "ServerStream", "ClientStream", "Duplex"];

    [TestCaseSource(nameof(Kinds))]
    public async Task Server_TwoInterceptors_TheFirstIsOutermost(string kind)
    {
        var seen = new ConcurrentQueue<string>();
        await using var server = await EchoServer.StartAsync(builder => builder.Services.AddSingleton(seen).AddGrpc(options =>
        {
            options.Interceptors.Add<Noting>("a");
            options.Interceptors.Add<Noting>("b");
        }));
        Assert.That(await CallAsync(server.Client, kind), Is.EqualTo("x"));
        // A streamed answer is here before they are disposed of.
        await Eventually.TrueAsync(() => Task.FromResult(seen.Count == 6));
        Assert.That(seen, Is.EqualTo(new[] { $"a {kind}", $"b {kind}", "b done", "a done", "b disposed", "a disposed" }));
    }

    [TestCaseSource(nameof(Kinds))]
    public async Task Server_InterceptorThrows_ItsStatusIsTheAnswerAndTheMethodIsNotAsked(string kind)
    {
        await using var server = await EchoServer.StartAsync(
            builder => builder.Services.AddGrpc(options => options.Interceptors.Add<Refusing>()), app => app.MapGrpcService<NeverAsked>(), withEcho: false);
        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await CallAsync(server.Client, kind));
        Assert.That(thrown!.Status, Is.EqualTo(new Status(StatusCode.FailedPrecondition, $"/cro.test.v1.Echo/{kind}")));
    }

    [Test]
    public async Task Server_InterceptorSeesTheMethodsException_MayTurnItIntoAStatus()
    {
        await using var server = await EchoServer.StartAsync(builder => builder.Services.AddGrpc(options => options.Interceptors.Add<Mapping>()));
        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.UnaryAsync(new Ping { Act = Ping.Types.Act.Throw }));
        Assert.That(thrown!.StatusCode, Is.EqualTo(StatusCode.DataLoss));
    }

    [Test]
    public async Task Server_RegisteredInterceptor_IsTakenFromTheContainer()
    {
        var refusing = new Refusing();
        await using var server = await EchoServer.StartAsync(builder => builder.Services.AddSingleton(refusing).AddGrpc(options => options.Interceptors.Add<Refusing>()));
        for (var i = 0; i < 2; i++)
            await Assert.ThrowsAsync<RpcException>(async () => await server.Client.UnaryAsync(new Ping()));
        Assert.That(refusing.Calls, Is.EqualTo(2));
    }

    [Test]
    public void Server_TypeThatIsNoInterceptor_IsRefused() => Assert.That(
        async () => await EchoServer.StartAsync(builder => builder.Services.AddGrpc(options => options.Interceptors.Add(typeof(string)))),
        Throws.ArgumentException);

    [TestCase("Blocking")]
    [TestCaseSource(nameof(Kinds))]
    public async Task Client_InterceptedInOneGo_TheFirstIsOutermost(string kind)
    {
        await using var server = await EchoServer.StartAsync();
        var seen = new ConcurrentQueue<string>();
        var client = new Echo.Echo.EchoClient(server.Channel.Intercept(new Noting("a", seen), new Noting("b", seen)));
        Assert.That(await CallAsync(client, kind), Is.EqualTo("x"));
        Assert.That(seen, Is.EqualTo(new[] { $"a {kind}", $"b {kind}" }));
    }

    [Test]
    public async Task Client_InterceptedAgain_TheLastIsOutermost()
    {
        await using var server = await EchoServer.StartAsync();
        var seen = new ConcurrentQueue<string>();
        var client = new Echo.Echo.EchoClient(server.Channel.Intercept(new Noting("a", seen)).Intercept(new Noting("b", seen)));
        await CallAsync(client, "Unary");
        Assert.That(seen, Is.EqualTo(new[] { "b Unary", "a Unary" }));
    }

    [TestCase("Blocking")]
    [TestCaseSource(nameof(Kinds))]
    public async Task Client_WithKey_SendsItWithEveryCallAndLeavesTheCallersHeadersAlone(string kind)
    {
        var keys = new ConcurrentQueue<string>();
        await using var server = await EchoServer.StartAsync(configure: app => app.Use(next => http =>
        {
            keys.Enqueue(http.Request.Headers.Authorization.ToString());
            return next(http);
        }));
        var own = new Metadata { { "test-own", "x" } };
        var client = new Echo.Echo.EchoClient(server.Channel.WithKey("secret"));
        await CallAsync(client, kind, own);
        await CallAsync(client, kind, own);
        Assert.That(keys, Is.EqualTo(new[] { "Bearer secret", "Bearer secret" }));
        Assert.That(own.Select(entry => entry.Key), Is.EqualTo(new[] { "test-own" }));
    }

    [Test]
    public async Task Client_InterceptorAnswersItself_NothingIsSent()
    {
        using var nowhere = GrpcChannel.ForAddress("http://127.0.0.1:1");
        var client = new Echo.Echo.EchoClient(nowhere.Intercept(new Answering()));
        Assert.That((await client.UnaryAsync(new Ping())).Text, Is.EqualTo("from a cache"));
    }

    private static async Task<string> CallAsync(Echo.Echo.EchoClient client, string kind, Metadata? headers = null)
    {
        switch (kind)
        {
            case "Blocking":
                return client.Unary(new Ping { Text = "x" }, headers).Text;
            case "Unary":
                return (await client.UnaryAsync(new Ping { Text = "x" }, headers)).Text;
            case "ServerStream":
                using (var call = client.ServerStream(new Ping { Text = "x", Count = 1 }, headers))
                    return (await call.ResponseStream.ReadAllAsync().ToListAsync()).Single().Text;
            case "ClientStream":
                using (var call = client.ClientStream(headers))
                {
                    await call.RequestStream.WriteAsync(new Ping { Text = "x" });
                    await call.RequestStream.CompleteAsync();
                    return (await call).Text;
                }
            default:
                using (var call = client.Duplex(headers))
                {
                    await call.RequestStream.WriteAsync(new Ping { Text = "x" });
                    await call.RequestStream.CompleteAsync();
                    return (await call.ResponseStream.ReadAllAsync().ToListAsync()).Single().Text;
                }
        }
    }

    private sealed class NeverAsked : Echo.Echo.EchoBase
    {
        public override Task<Pong> Unary(Ping request, ServerCallContext context) => throw new InvalidOperationException("asked");

        public override Task ServerStream(Ping request, IServerStreamWriter<Pong> responseStream, ServerCallContext context) => throw new InvalidOperationException("asked");

        public override Task<Pong> ClientStream(IAsyncStreamReader<Ping> requestStream, ServerCallContext context) => throw new InvalidOperationException("asked");

        public override Task Duplex(IAsyncStreamReader<Ping> requestStream, IServerStreamWriter<Pong> responseStream, ServerCallContext context) =>
            throw new InvalidOperationException("asked");
    }
}
