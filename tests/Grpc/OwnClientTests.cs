using CroPlatform.Grpc.Tests.Echo;
using Grpc.Core;

namespace CroPlatform.Grpc.Tests;

/// <summary>The client of this repository against the server of this repository.</summary>
public sealed class OwnClientTests
{
    private EchoServer _server = null!;

    [OneTimeSetUp]
    public async Task Start() => _server = await EchoServer.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [Test]
    public async Task Unary_Echoes()
    {
        var pong = await _server.Client.UnaryAsync(new Ping { Text = "hällo" });
        Assert.That(pong.Text, Is.EqualTo("hällo"));
    }

    [Test]
    public async Task ServerStream_ThreePongs_ArriveInOrder()
    {
        using var call = _server.Client.ServerStream(new Ping { Text = "x", Count = 3 });
        var numbers = await call.ResponseStream.ReadAllAsync().Select(pong => pong.Number).ToListAsync();
        Assert.That(numbers, Is.EqualTo(new[] { 0, 1, 2 }));
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task ClientStream_ThreePings_AreJoined()
    {
        using var call = _server.Client.ClientStream();
        foreach (var text in new[] { "a", "b", "c" })
            await call.RequestStream.WriteAsync(new Ping { Text = text });
        await call.RequestStream.CompleteAsync();
        var pong = await call;
        Assert.That((pong.Text, pong.Number), Is.EqualTo(("abc", 3)));
    }

    [Test]
    public async Task Duplex_EachPing_IsAnsweredBeforeTheNext()
    {
        using var call = _server.Client.Duplex();
        for (var i = 0; i < 5; i++)
        {
            await call.RequestStream.WriteAsync(new Ping { Text = $"{i}" });
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
            Assert.That(call.ResponseStream.Current.Text, Is.EqualTo($"{i}"));
        }
        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False);
    }
}
