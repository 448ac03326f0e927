using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using CroPlatform.Grpc.Tests.Echo;
using CroPlatform.Grpc.Wire;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Grpc.Core;

namespace CroPlatform.Grpc.Tests;

/// <summary>Bodies that no honest client sends: each gets a status, and the server serves on.</summary>
public sealed class ServerFrameTests
{
    private EchoServer _server = null!;
    private HttpMessageInvoker _http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await EchoServer.StartAsync();
        _http = new HttpMessageInvoker(new SocketsHttpHandler());
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [TearDown]
    public async Task ServesOn() => Assert.That((await _server.Client.UnaryAsync(new Ping { Text = "alive" })).Text, Is.EqualTo("alive"));

    [TestCase("nothing", "")]
    [TestCase("a truncated prefix", "000000")]
    [TestCase("a truncated message", "00000000050A")]
    [TestCase("a prefix alone", "0000000001")]
    [TestCase("the compressed flag without an encoding", "0100000000")]
    [TestCase("an unknown flag", "0700000000")]
    [TestCase("bytes that are no protobuf", "0000000002FFFF")]
    [TestCase("a string field cut short", "00000000020A7F")]
    [TestCase("two messages", "00000000000000000000")]
    [TestCase("a message and half a prefix", "00000000000000")]
    public async Task Unary_BrokenBody_IsInternal(string what, string hex) =>
        Assert.That(await PostAsync(Convert.FromHexString(hex)), Is.EqualTo(StatusCode.Internal), what);

    [Test]
    public async Task Unary_LengthOfFourGigabytes_IsResourceExhausted() =>
        Assert.That(await PostAsync([0, 255, 255, 255, 255, 1, 2, 3]), Is.EqualTo(StatusCode.ResourceExhausted));

    [Test]
    public async Task Unary_UnknownEncoding_IsUnimplementedAndNamesTheKnownOnes()
    {
        using var response = await SendAsync(Frame([], compressed: true), ("grpc-encoding", "brotli"));
        Assert.That(await StatusOfAsync(response), Is.EqualTo(StatusCode.Unimplemented));
        Assert.That(response.Headers.GetValues("grpc-accept-encoding"), Is.EqualTo(new[] { "identity,gzip" }));
    }

    [Test]
    public async Task Unary_GzipThatIsNone_IsInternal() =>
        Assert.That(await PostAsync(Frame([1, 2, 3], compressed: true), ("grpc-encoding", "gzip")), Is.EqualTo(StatusCode.Internal));

    [Test]
    public async Task Unary_SmallGzipOfAHugeMessage_IsResourceExhausted()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(new byte[64 << 20]);
        Assert.That(packed.Length, Is.LessThan(1 << 20));
        Assert.That(await PostAsync(Frame(packed.ToArray(), compressed: true), ("grpc-encoding", "gzip")), Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task Unary_GzipCutShort_IsInternal()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(new Ping { Text = "cut short, and no valid message without its end" }.ToByteArray());
        Assert.That(await PostAsync(Frame(packed.ToArray()[..^12], compressed: true), ("grpc-encoding", "gzip")), Is.EqualTo(StatusCode.Internal));
    }

    [TestCase("soon")]
    [TestCase("5")]
    [TestCase("-5S")]
    [TestCase("123456789S")]
    public async Task Unary_BadTimeout_IsInternal(string timeout) =>
        Assert.That(await PostAsync(Frame([]), ("grpc-timeout", timeout)), Is.EqualTo(StatusCode.Internal));

    [Test]
    public async Task Unary_TimeoutOfCenturies_IsServed() =>
        Assert.That(await PostAsync(Frame([]), ("grpc-timeout", "99999999H")), Is.EqualTo(StatusCode.OK));

    [Test]
    public async Task Unary_BinaryMetadataThatIsNoBase64_IsInternal()
    {
        var metadata = new Ping { Act = Ping.Types.Act.Metadata }.ToByteArray();
        Assert.That(await PostAsync(Frame(metadata), ("test-x-bin", "***")), Is.EqualTo(StatusCode.Internal));
    }

    [TestCase("application/json")]
    [TestCase("application/grpc-web")]
    [TestCase("text/plain")]
    public async Task Unary_OtherContentType_IsUnsupportedMediaType(string contentType)
    {
        using var response = await SendAsync(Frame([]), ("content-type", contentType));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [TestCase("application/grpc+proto")]
    [TestCase("application/grpc;charset=utf-8")]
    public async Task Unary_GrpcContentTypeWithMore_IsServed(string contentType) =>
        Assert.That(await PostAsync(Frame([]), ("content-type", contentType)), Is.EqualTo(StatusCode.OK));

    [Test]
    public void Unary_AnyBytes_GetAStatus() => Prop.ForAll<byte[], bool, bool>((bytes, framed, gzip) =>
    {
        var body = framed ? Frame(bytes, compressed: gzip) : bytes;
        // The timeout is for bytes that happen to ask the service to hang.
        return Enum.IsDefined(PostAsync(body, ("grpc-encoding", gzip ? "gzip" : "identity"), ("grpc-timeout", "5S")).GetAwaiter().GetResult());
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static byte[] Frame(byte[] payload, bool compressed = false)
    {
        var frame = new byte[MessageReader.HeaderSize + payload.Length];
        frame[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame.AsSpan(MessageReader.HeaderSize));
        return frame;
    }

    private async Task<StatusCode> PostAsync(byte[] body, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(body, headers);
        return await StatusOfAsync(response);
    }

    private static async Task<StatusCode> StatusOfAsync(HttpResponseMessage response)
    {
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await response.Content.ReadAsByteArrayAsync();
        var holder = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return (StatusCode)int.Parse(holder.GetValues("grpc-status").Single());
    }

    private Task<HttpResponseMessage> SendAsync(byte[] body, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"{_server.Address}cro.test.v1.Echo/Unary")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        foreach (var (name, value) in headers)
        {
            if (name == "content-type")
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            else
                request.Headers.TryAddWithoutValidation(name, value);
        }
        return _http.SendAsync(request, CancellationToken.None);
    }
}
