using System.IO.Compression;
using System.Net.Http.Headers;
using CroPlatform.Grpc.Tests.Echo;
using CroPlatform.Grpc.Wire;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Grpc.Tests;

/// <summary>gzip as it goes over the wire, both ways.</summary>
public sealed class CompressionTests
{
    private static readonly string Repeating = string.Concat(Enumerable.Repeat("again and ", 1_000));
    private static readonly byte[] Noise = MakeNoise();

    [Test]
    public async Task Server_AskedToCompress_CompressesForWhoAcceptsIt([Values("gzip", "identity, gzip,deflate")] string accepted)
    {
        await using var server = await EchoServer.StartAsync(Compressing);
        var (response, frame) = await PostAsync(server, new Ping { Text = Repeating }, accepted);
        Assert.That(response.Headers.GetValues("grpc-encoding"), Is.EqualTo(new[] { "gzip" }));
        Assert.That(frame[0], Is.EqualTo(1));
        Assert.That(frame, Has.Length.LessThan(Repeating.Length / 10));
        using var gzip = new GZipStream(new MemoryStream(frame[MessageReader.HeaderSize..]), CompressionMode.Decompress);
        Assert.That(Pong.Parser.ParseFrom(gzip).Text, Is.EqualTo(Repeating));
    }

    [TestCase(null)]
    [TestCase("identity")]
    [TestCase("deflate,br")]
    public async Task Server_AskedToCompress_SendsPlainToWhoDoesNotAcceptIt(string? accepted)
    {
        await using var server = await EchoServer.StartAsync(Compressing);
        var (response, frame) = await PostAsync(server, new Ping { Text = Repeating }, accepted);
        Assert.That(response.Headers.Contains("grpc-encoding"), Is.False);
        Assert.That(Pong.Parser.ParseFrom(frame.AsSpan(MessageReader.HeaderSize)).Text, Is.EqualTo(Repeating));
    }

    [Test]
    public async Task Server_MessageThatDoesNotShrink_IsSentAsItIs()
    {
        await using var server = await EchoServer.StartAsync(Compressing);
        var (_, frame) = await PostAsync(server, new Ping { Payload = ByteString.CopyFrom(Noise) }, "gzip");
        Assert.That(frame[0], Is.Zero);
        Assert.That(Pong.Parser.ParseFrom(frame.AsSpan(MessageReader.HeaderSize)).Payload.Span.SequenceEqual(Noise), Is.True);
    }

    [TestCase("gzip", 1)]
    [TestCase("identity", 0)]
    public async Task Service_AsksByResponseHeaders_CompressesThisCallAlone(string accepted, int flag)
    {
        await using var server = await EchoServer.StartAsync();
        var (response, frame) = await PostAsync(server, new Ping { Text = Repeating, Act = Ping.Types.Act.Gzip }, accepted);
        Assert.That(frame[0], Is.EqualTo(flag));
        Assert.That(response.Headers.Contains("grpc-internal-encoding-request"), Is.False, "it does not travel");
        Assert.That((await PostAsync(server, new Ping { Text = Repeating }, accepted)).Frame[0], Is.Zero);
    }

    [Test]
    public async Task Service_WriteOptionsForbidIt_SendsThisMessagePlain()
    {
        await using var server = await EchoServer.StartAsync(
            Compressing, app => app.MapGrpcService<SecretService>(), withEcho: false);
        Assert.That((await PostAsync(server, new Ping { Text = Repeating }, "gzip")).Frame[0], Is.Zero);
    }

    [Test]
    public void Server_UnknownAlgorithm_IsRefusedWhenServicesAreMapped() => Assert.That(
        async () => await EchoServer.StartAsync(builder => builder.Services.AddGrpc(options => options.ResponseCompressionAlgorithm = "brotli")),
        Throws.InvalidOperationException.With.Message.Contains("brotli"));

    [Test]
    public async Task Client_AskedToCompress_SendsLittleAndIsUnderstood()
    {
        var seen = new List<(string? Encoding, long Length)>();
        await using var server = await EchoServer.StartAsync(configure: app => app.Use(next => http =>
        {
            seen.Add((http.Request.Headers.GrpcEncoding, http.Request.ContentLength ?? -1));
            return next(http);
        }));
        var gzip = new Metadata { { "grpc-internal-encoding-request", "gzip" } };
        Assert.That((await server.Client.UnaryAsync(new Ping { Text = Repeating }, gzip)).Text, Is.EqualTo(Repeating));
        Assert.That((await server.Client.UnaryAsync(new Ping { Text = Repeating }, new CallOptions(gzip, writeOptions: new WriteOptions(WriteFlags.NoCompress)))).Text, Is.EqualTo(Repeating));
        Assert.That(seen[0].Encoding, Is.EqualTo("gzip"));
        Assert.That(seen[0].Length, Is.LessThan(Repeating.Length / 10));
        Assert.That(seen[1].Length, Is.GreaterThan(Repeating.Length), "forbidden for this message");
    }

    [Test]
    public async Task Client_AsksForAnEncodingThatIsNotKnown_IsRefused()
    {
        await using var server = await EchoServer.StartAsync();
        Assert.That(() => server.Client.UnaryAsync(new Ping(), new Metadata { { "grpc-internal-encoding-request", "brotli" } }), Throws.ArgumentException);
    }

    [TestCase("own")]
    [TestCase("python")]
    [TestCase("node")]
    public async Task Client_StreamsBothWaysCompressed_AnyServerUnderstands(string language)
    {
        await using var peer = await EchoPeer.StartAsync(language);
        using var call = peer.Client.Duplex(new Metadata { { "grpc-internal-encoding-request", "gzip" } });
        for (var i = 0; i < 3; i++)
        {
            await call.RequestStream.WriteAsync(new Ping { Text = Repeating + i });
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
            Assert.That(call.ResponseStream.Current.Text, Is.EqualTo(Repeating + i));
        }
        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False);
    }

    private static void Compressing(WebApplicationBuilder builder) => builder.Services.AddGrpc(options => options.ResponseCompressionAlgorithm = "gzip");

    private static byte[] MakeNoise()
    {
        var noise = new byte[5_000];
        new Random(1).NextBytes(noise);
        return noise;
    }

    private static async Task<(HttpResponseMessage Response, byte[] Frame)> PostAsync(EchoServer server, Ping ping, string? accepted)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        byte[] body = [0, 0, 0, 0, 0, .. ping.ToByteArray()];
        MessageWriter.WriteHeader(body, compressed: false, body.Length - MessageReader.HeaderSize);
        var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Address}cro.test.v1.Echo/Unary")
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        if (accepted is not null)
            request.Headers.TryAddWithoutValidation("grpc-accept-encoding", accepted);
        var response = await http.SendAsync(request, CancellationToken.None);
        return (response, await response.Content.ReadAsByteArrayAsync());
    }

    private sealed class SecretService : Echo.Echo.EchoBase
    {
        public override Task<Pong> Unary(Ping request, ServerCallContext context)
        {
            context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
            return Task.FromResult(new Pong { Text = request.Text });
        }
    }
}
