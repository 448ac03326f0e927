using CroPlatform.Grpc.Tests.Echo;
using Google.Protobuf;
using Grpc.Core;

namespace CroPlatform.Grpc.Tests;

/// <summary>Our client's streams against our server and servers that others wrote: half-closing, giving up, waiting for each other.</summary>
[TestFixture("own")]
[TestFixture("python")]
[TestFixture("node")]
public sealed class StreamTests(string server)
{
    // 64 MB in all, far more than any window or buffer on the way holds.
    private const int Messages = 1_000;
    private static readonly ByteString Payload = ByteString.CopyFrom(Noise(64_000));

    private EchoPeer _peer = null!;

    private Echo.Echo.EchoClient Client => _peer.Client;

    [OneTimeSetUp]
    public async Task Start() => _peer = await EchoPeer.StartAsync(server);

    [OneTimeTearDown]
    public async Task Stop() => await _peer.DisposeAsync();

    [Test]
    public async Task Duplex_AnswersHeldUntilHalfClose_ArriveAfterIt()
    {
        using var call = Client.Duplex();
        foreach (var text in new[] { "a", "b", "c" })
            await call.RequestStream.WriteAsync(new Ping { Text = text, Act = Ping.Types.Act.AtEnd });
        var first = call.ResponseStream.MoveNext(CancellationToken.None);
        await Client.UnaryAsync(new Ping());
        Assert.That(first.IsCompleted, Is.False, "nothing comes before the requests have ended");
        await call.RequestStream.CompleteAsync();
        Assert.That(await first, Is.True);
        List<string> texts = [call.ResponseStream.Current.Text];
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            texts.Add(call.ResponseStream.Current.Text);
        Assert.That(texts, Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task RequestStream_WrittenAfterHalfClose_IsRefused()
    {
        using var call = Client.ClientStream();
        await call.RequestStream.CompleteAsync();
        Assert.That(async () => await call.RequestStream.WriteAsync(new Ping()), Throws.InvalidOperationException);
        Assert.That((await call).Number, Is.Zero);
    }

    [TestCase("dispose", StatusCode.Cancelled)]
    [TestCase("token", StatusCode.Cancelled)]
    [TestCase("write", StatusCode.Cancelled)]
    [TestCase("deadline", StatusCode.DeadlineExceeded)]
    public async Task ClientStream_GivenUp_IsCancelledOnBothSidesAndNeverLooksComplete(string how, StatusCode expected)
    {
        var text = $"client-stream-{how}";
        using var source = new CancellationTokenSource();
        using var call = Client.ClientStream(
            deadline: how == "deadline" ? DateTime.UtcNow.AddSeconds(1) : null, cancellationToken: how == "token" ? source.Token : default);
        await call.RequestStream.WriteAsync(new Ping { Text = text, Act = Ping.Types.Act.Hang });
        await Eventually.TrueAsync(async () => await _peer.ProgressAsync(text) == 1);
        if (how == "dispose")
            call.Dispose();
        if (how == "write")
            await FailureAsync(() => FillAsync(call.RequestStream, source));
        await source.CancelAsync();
        Assert.That(await FailureAsync(() => call.ResponseAsync), Is.EqualTo(expected));
        Assert.That(await FailureAsync(() => call.RequestStream.WriteAsync(new Ping())), Is.EqualTo(expected));
        await _peer.SeesCancelledAsync(text);
    }

    [TestCase("dispose", StatusCode.Cancelled)]
    [TestCase("token", StatusCode.Cancelled)]
    [TestCase("deadline", StatusCode.DeadlineExceeded)]
    public async Task Duplex_GivenUp_IsCancelledOnBothSides(string how, StatusCode expected)
    {
        var text = $"duplex-{how}";
        using var source = new CancellationTokenSource();
        using var call = Client.Duplex(
            deadline: how == "deadline" ? DateTime.UtcNow.AddSeconds(1) : null, cancellationToken: how == "token" ? source.Token : default);
        await call.RequestStream.WriteAsync(new Ping { Text = text });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        await call.RequestStream.WriteAsync(new Ping { Text = text, Act = Ping.Types.Act.Hang });
        await Eventually.TrueAsync(async () => await _peer.ProgressAsync(text) == 2);
        if (how == "dispose")
            call.Dispose();
        await source.CancelAsync();
        Assert.That(await FailureAsync(() => call.ResponseStream.MoveNext(CancellationToken.None)), Is.EqualTo(expected));
        Assert.That(await FailureAsync(() => call.RequestStream.WriteAsync(new Ping())), Is.EqualTo(expected));
        await _peer.SeesCancelledAsync(text);
    }

    [Test]
    public async Task ServerStream_ReaderPauses_TheServerWaitsAndNothingIsLost()
    {
        using var call = Client.ServerStream(new Ping { Text = "slow-reader", Payload = Payload, Count = Messages });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(await Eventually.RestsAtAsync(() => _peer.ProgressAsync("slow-reader")), Is.LessThan(Messages / 2));
        var count = 1;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            Assert.That(call.ResponseStream.Current.Number, Is.EqualTo(count++));
        Assert.That(count, Is.EqualTo(Messages));
    }

    [Test]
    public async Task ClientStream_ServerDoesNotRead_TheWriterWaits()
    {
        using var call = Client.ClientStream();
        await call.RequestStream.WriteAsync(new Ping { Text = "no-reader", Act = Ping.Types.Act.Hang });
        var written = 0;
        var writing = Task.Run(async () =>
        {
            for (; written < Messages; written++)
                await call.RequestStream.WriteAsync(new Ping { Payload = Payload });
        });
        Assert.That(await Eventually.RestsAtAsync(() => Task.FromResult(Volatile.Read(ref written))), Is.LessThan(Messages / 2));
        call.Dispose();
        Assert.That(await FailureAsync(() => writing), Is.EqualTo(StatusCode.Cancelled));
    }

    [Test]
    public async Task Duplex_ThousandRefusedEarly_EachWriterAndReaderLearnsOfIt()
    {
        var outcomes = new List<(StatusCode Read, StatusCode Written)>();
        for (var i = 0; i < 20; i++)
            outcomes.AddRange(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(RefusedAsync))));
        Assert.That(outcomes.Distinct(), Is.EqualTo(new[] { (StatusCode.PermissionDenied, StatusCode.PermissionDenied) }));

        async Task<(StatusCode Read, StatusCode Written)> RefusedAsync()
        {
            using var call = Client.Duplex();
            await WriteRefusedAsync(call.RequestStream);
            return (await FailureAsync(() => call.ResponseStream.MoveNext(CancellationToken.None)), await FailureAsync(() => call.RequestStream.WriteAsync(new Ping())));
        }
    }

    [Test]
    public async Task Duplex_TenThousandPings_AreAllAnswered()
    {
        const int pings = 10_000;
        using var call = Client.Duplex();
        var writing = Task.Run(async () =>
        {
            call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
            for (var i = 0; i < pings; i++)
                await call.RequestStream.WriteAsync(new Ping { Text = "many" });
            await call.RequestStream.CompleteAsync();
        });
        var count = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            Assert.That(call.ResponseStream.Current.Number, Is.EqualTo(count++));
        await writing;
        Assert.That(count, Is.EqualTo(pings));
    }

    // The refusal may be faster than the end of the write that it refuses.
    private static async Task WriteRefusedAsync(IClientStreamWriter<Ping> requests)
    {
        try
        {
            await requests.WriteAsync(new Ping { Text = "no", Status = (int)StatusCode.PermissionDenied });
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.PermissionDenied)
        {
        }
    }

    // Writes until the windows are full and the last write waits; then gives that one up.
    private static async Task FillAsync(IClientStreamWriter<Ping> requests, CancellationTokenSource source)
    {
        for (var i = 0; i < Messages; i++)
        {
            var write = requests.WriteAsync(new Ping { Payload = Payload }, source.Token);
            for (var looks = 0; looks < 30 && !write.IsCompleted; looks++)
                await Task.Delay(10);
            if (!write.IsCompleted)
                await source.CancelAsync();
            await write;
        }
    }

    private static async Task<StatusCode> FailureAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(() => call()))!.StatusCode;

    // Gzip must not make it small: Debian's grpcio server compresses its streams.
    private static byte[] Noise(int size)
    {
        var noise = new byte[size];
        new Random(1).NextBytes(noise);
        return noise;
    }
}
