using CroPlatform.Grpc.Tests.Echo;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace CroPlatform.Grpc.Tests;

/// <summary>Our client against our server and against servers that others wrote.</summary>
[TestFixture("own")]
[TestFixture("python")]
[TestFixture("node")]
public sealed class ClientTests(string server)
{
    private EchoPeer _peer = null!;

    private Echo.Echo.EchoClient Client => _peer.Client;

    [OneTimeSetUp]
    public async Task Start() => _peer = await EchoPeer.StartAsync(server);

    [OneTimeTearDown]
    public async Task Stop() => await _peer.DisposeAsync();

    [Test]
    public async Task Unary_Text_ComesBack()
    {
        using var call = Client.UnaryAsync(new Ping { Text = "hällo 🐈" });
        Assert.That((await call).Text, Is.EqualTo("hällo 🐈"));
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
        Assert.That(call.GetTrailers(), Is.Empty);
    }

    [Test]
    public void BlockingUnary_Text_ComesBack() =>
        Assert.That(Client.Unary(new Ping { Text = "x" }).Text, Is.EqualTo("x"));

    [Test]
    public async Task Unary_EmptyMessage_ComesBack() =>
        Assert.That(await Client.UnaryAsync(new Ping()), Is.EqualTo(new Pong()));

    [Test]
    public async Task ServerStream_HundredPongs_ArriveInOrder()
    {
        using var call = Client.ServerStream(new Ping { Text = new string('x', 2_000), Count = 100 });
        var numbers = await call.ResponseStream.ReadAllAsync().Select(pong => pong.Number).ToListAsync();
        Assert.That(numbers, Is.EqualTo(Enumerable.Range(0, 100)));
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task ServerStream_Empty_EndsWell()
    {
        using var call = Client.ServerStream(new Ping());
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False);
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False, "asked again");
    }

    [Test]
    public async Task ClientStream_ThreePings_AreJoined()
    {
        using var call = Client.ClientStream();
        foreach (var text in new[] { "a", "b", "c" })
            await call.RequestStream.WriteAsync(new Ping { Text = text });
        await call.RequestStream.CompleteAsync();
        var pong = await call;
        Assert.That((pong.Text, pong.Number), Is.EqualTo(("abc", 3)));
    }

    [Test]
    public async Task Duplex_EachPing_IsAnsweredBeforeTheNext()
    {
        using var call = Client.Duplex();
        for (var i = 0; i < 5; i++)
        {
            await call.RequestStream.WriteAsync(new Ping { Text = $"{i}" });
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
            Assert.That(call.ResponseStream.Current.Text, Is.EqualTo($"{i}"));
        }
        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False);
    }

    [Test]
    public async Task Unary_RefusedWithUnicode_GivesCodeMessageAndTrailers()
    {
        var thrown = (await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryAsync(new Ping { Text = "кот 🐈 100%\n", Status = 5 })))!;
        Assert.That(thrown.Status, Is.EqualTo(new Status(StatusCode.NotFound, "кот 🐈 100%\n")));
        Assert.That(thrown.Trailers.GetValue("test-cause"), Is.EqualTo("asked for"));
    }

    [Test]
    public async Task Unary_MethodThrew_IsUnknown() => Assert.That(
        (await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryAsync(new Ping { Act = Ping.Types.Act.Throw })))!.StatusCode,
        Is.EqualTo(StatusCode.Unknown));

    [Test]
    public async Task ServerStream_FailsAfterTwoPongs_GivesThemFirst()
    {
        using var call = Client.ServerStream(new Ping { Text = "late", Count = 2, Status = 9 });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        var thrown = (await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(CancellationToken.None)))!;
        Assert.That(thrown.Status, Is.EqualTo(new Status(StatusCode.FailedPrecondition, "late")));
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
    }

    [Test]
    public async Task Unary_Metadata_ComesBackAsHeadersAndTrailers()
    {
        byte[] bytes = [0, 255, (byte)',', 10];
        var sent = new Metadata { { "test-text", "plain, text" }, { "test-bytes-bin", bytes } };
        using var call = Client.UnaryAsync(new Ping { Act = Ping.Types.Act.Metadata }, sent);
        var headers = await call.ResponseHeadersAsync;
        await call;
        Assert.That(headers.GetValue("test-text"), Is.EqualTo("plain, text"));
        Assert.That(headers.GetValueBytes("test-bytes-bin"), Is.EqualTo(bytes));
        Assert.That(call.GetTrailers().GetValue("trailer-test-text"), Is.EqualTo("plain, text"));
        Assert.That(call.GetTrailers().GetValueBytes("trailer-test-bytes-bin"), Is.EqualTo(bytes));
    }

    [Test]
    public async Task Unary_DeadlinePasses_IsLateHereAndCancelledThere()
    {
        var thrown = (await Assert.ThrowsAsync<RpcException>(async () =>
            await Client.UnaryAsync(new Ping { Text = "deadline", Act = Ping.Types.Act.Hang }, deadline: DateTime.UtcNow.AddMilliseconds(300))))!;
        Assert.That(thrown.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        await _peer.SeesCancelledAsync("deadline");
    }

    [Test]
    public async Task Unary_DeadlineLongGone_IsNotSent() => Assert.That(
        (await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryAsync(new Ping(), deadline: DateTime.UtcNow.AddHours(-1))))!.StatusCode,
        Is.EqualTo(StatusCode.DeadlineExceeded));

    [Test]
    public void Unary_DeadlineNotInUtc_IsRefused() =>
        Assert.That(() => Client.UnaryAsync(new Ping(), deadline: DateTime.Now.AddHours(1)), Throws.ArgumentException);

    [Test]
    public async Task ClientStream_ServerRefusesEarly_TheResponseSaysWhy()
    {
        using var call = Client.ClientStream();
        await call.RequestStream.WriteAsync(new Ping { Text = "no", Status = 7 });
        var thrown = (await Assert.ThrowsAsync<RpcException>(async () => await call))!;
        Assert.That(thrown.Status, Is.EqualTo(new Status(StatusCode.PermissionDenied, "no")));
    }

    [Test]
    public async Task Unary_TokenCancelled_IsCancelledOnBothSides()
    {
        using var source = new CancellationTokenSource();
        var call = Client.UnaryAsync(new Ping { Text = "token", Act = Ping.Types.Act.Hang }, cancellationToken: source.Token);
        await Client.UnaryAsync(new Ping());
        await source.CancelAsync();
        Assert.That((await Assert.ThrowsAsync<RpcException>(async () => await call))!.StatusCode, Is.EqualTo(StatusCode.Cancelled));
        await _peer.SeesCancelledAsync("token");
    }

    [TestCase("dispose")]
    [TestCase("token")]
    [TestCase("move-next")]
    [TestCase("deadline")]
    public async Task ServerStream_GivenUpWhileItHangs_EndsOnBothSides(string how)
    {
        var text = $"stream-{how}";
        using var source = new CancellationTokenSource();
        using var call = Client.ServerStream(
            new Ping { Text = text, Count = 1, Act = Ping.Types.Act.Hang },
            deadline: how == "deadline" ? DateTime.UtcNow.AddSeconds(1) : null,
            cancellationToken: how == "token" ? source.Token : default);
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        if (how == "dispose")
            call.Dispose();
        var next = call.ResponseStream.MoveNext(how == "move-next" ? source.Token : default);
        await source.CancelAsync();
        var expected = how == "deadline" ? StatusCode.DeadlineExceeded : StatusCode.Cancelled;
        Assert.That((await Assert.ThrowsAsync<RpcException>(async () => await next))!.StatusCode, Is.EqualTo(expected));
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(expected));
        await _peer.SeesCancelledAsync(text);
    }

    [Test]
    public async Task ServerStream_DeadlineWhileNobodyReads_EndsOnTheServerToo()
    {
        using var call = Client.ServerStream(
            new Ping { Text = "idle", Count = 1, Act = Ping.Types.Act.Hang }, deadline: DateTime.UtcNow.AddMilliseconds(300));
        await _peer.SeesCancelledAsync("idle");
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
    }

    [Test]
    public async Task Unary_ThousandAtOnce_EachGetsItsOwnAnswer()
    {
        var calls = Enumerable.Range(0, 1_000).Select(i => Client.UnaryAsync(new Ping { Text = $"{i}" }).ResponseAsync);
        var pongs = await Task.WhenAll(calls);
        Assert.That(pongs.Select(pong => pong.Text), Is.EqualTo(Enumerable.Range(0, 1_000).Select(i => $"{i}")));
    }

    [Test]
    public async Task Unary_ThreeMegabytes_ComeBack()
    {
        var payload = new byte[3 << 20];
        new Random(1).NextBytes(payload);
        var pong = await Client.UnaryAsync(new Ping { Payload = UnsafeByteOperations.UnsafeWrap(payload) });
        Assert.That(pong.Payload.Span.SequenceEqual(payload), Is.True);
    }

    [Test]
    public async Task Unary_BeyondTheServersLimit_IsResourceExhaustedAndTheNextCallWorks()
    {
        var big = new Ping { Payload = ByteString.CopyFrom(new byte[5 << 20]) };
        Assert.That((await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryAsync(big)))!.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That((await Client.UnaryAsync(new Ping { Text = "x" })).Text, Is.EqualTo("x"));
    }

    [TestCase(100, 1_000)]
    [TestCase(1_000, 100)]
    public async Task Unary_BeyondTheChannelsLimits_IsResourceExhausted(int send, int receive)
    {
        using var channel = GrpcChannel.ForAddress(
            $"http://{_peer.Channel.Target}", new GrpcChannelOptions { MaxSendMessageSize = send, MaxReceiveMessageSize = receive });
        var client = new Echo.Echo.EchoClient(channel);
        var thrown = (await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryAsync(new Ping { Text = new string('x', 500) })))!;
        Assert.That(thrown.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task Unary_UnknownMethod_IsUnimplemented()
    {
        var marshaller = Marshallers.Create<string>(System.Text.Encoding.UTF8.GetBytes, System.Text.Encoding.UTF8.GetString);
        var method = new Method<string, string>(MethodType.Unary, "cro.test.v1.Echo", "Nothing", marshaller, marshaller);
        var thrown = (await Assert.ThrowsAsync<RpcException>(async () => await _peer.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, "")))!;
        Assert.That(thrown.StatusCode, Is.EqualTo(StatusCode.Unimplemented));
    }
}
