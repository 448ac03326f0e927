using System.IO.Compression;
using System.Net;
using CroPlatform.Grpc.Tests.Echo;
using CroPlatform.Grpc.Wire;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CroPlatform.Grpc.Tests;

/// <summary>Answers that no honest gRPC server gives, and servers that are not there.</summary>
public sealed class ClientResponseTests
{
    private WebApplication _app = null!;
    private GrpcChannel _channel = null!;
    private Echo.Echo.EchoClient _client = null!;
    private Func<HttpContext, Task> _answer = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.Run(http => _answer(http));
        await _app.StartAsync();
        _channel = GrpcChannel.ForAddress(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        _client = new Echo.Echo.EchoClient(_channel);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _channel.Dispose();
        await _app.DisposeAsync();
    }

    // The HTTP to gRPC status table.
    [TestCase(400, StatusCode.Internal)]
    [TestCase(401, StatusCode.Unauthenticated)]
    [TestCase(403, StatusCode.PermissionDenied)]
    [TestCase(404, StatusCode.Unimplemented)]
    [TestCase(429, StatusCode.Unavailable)]
    [TestCase(502, StatusCode.Unavailable)]
    [TestCase(503, StatusCode.Unavailable)]
    [TestCase(504, StatusCode.Unavailable)]
    [TestCase(500, StatusCode.Unknown)]
    [TestCase(302, StatusCode.Unknown)]
    [TestCase(200, StatusCode.Unknown)]
    public async Task Unary_AnswerIsNotGrpc_StatusFollowsTheHttpTable(int http, StatusCode expected)
    {
        _answer = context =>
        {
            context.Response.StatusCode = http;
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<p>a proxy speaks</p>");
        };
        Assert.That((await FailureAsync()).StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task Unary_ErrorPageWithGrpcStatus_BelievesTheGrpcStatus()
    {
        _answer = context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.GrpcStatus = "8";
            return Task.CompletedTask;
        };
        Assert.That((await FailureAsync()).StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [TestCase("", "0", StatusCode.Internal, TestName = "Unary_OkWithoutMessage_IsInternal")]
    [TestCase("0000000000", null, StatusCode.Unknown, TestName = "Unary_MessageWithoutStatus_IsUnknown")]
    [TestCase("", null, StatusCode.Unknown, TestName = "Unary_NothingAtAll_IsUnknown")]
    [TestCase("0000000000", "99", StatusCode.Unknown, TestName = "Unary_UnknownStatus_IsUnknown")]
    [TestCase("0000000000", "five", StatusCode.Unknown, TestName = "Unary_StatusThatIsNoNumber_IsUnknown")]
    [TestCase("0000000000", "5", StatusCode.NotFound, TestName = "Unary_MessageAndFailure_IsTheFailure")]
    [TestCase("000000", "0", StatusCode.Internal, TestName = "Unary_TruncatedPrefix_IsInternal")]
    [TestCase("0000000005AA", "0", StatusCode.Internal, TestName = "Unary_TruncatedMessage_IsInternal")]
    [TestCase("0000000002FFFF", "0", StatusCode.Internal, TestName = "Unary_NoProtobuf_IsInternal")]
    [TestCase("00000000000000000000", "0", StatusCode.Internal, TestName = "Unary_TwoMessages_IsInternal")]
    [TestCase("0100000000", "0", StatusCode.Internal, TestName = "Unary_CompressedFlagWithoutEncoding_IsInternal")]
    [TestCase("00FFFFFFFF", "0", StatusCode.ResourceExhausted, TestName = "Unary_LengthOfFourGigabytes_IsResourceExhausted")]
    public async Task Unary_OddAnswer_GetsAStatus(string body, string? status, StatusCode expected)
    {
        _answer = async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Convert.FromHexString(body));
            if (status is not null)
                context.Response.AppendTrailer("grpc-status", status);
        };
        Assert.That((await FailureAsync()).StatusCode, Is.EqualTo(expected));
    }

    [TestCase(64 << 20, StatusCode.ResourceExhausted, TestName = "Unary_SmallGzipOfAHugeMessage_IsResourceExhausted")]
    [TestCase(4 << 20, StatusCode.ResourceExhausted, TestName = "Unary_GzipJustBeyondTheLimit_IsResourceExhausted")]
    [TestCase(1 << 20, StatusCode.OK, TestName = "Unary_GzipWithinTheLimit_IsRead")]
    public async Task Unary_GzipBomb_IsInflatedToTheLimitOnly(int size, StatusCode expected)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            new Pong { Payload = ByteString.CopyFrom(new byte[size]) }.WriteTo(gzip);
        Assert.That(packed.Length, Is.LessThan(1 << 20));
        _answer = async context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers.GrpcEncoding = "gzip";
            byte[] frame = [0, 0, 0, 0, 0, .. packed.ToArray()];
            MessageWriter.WriteHeader(frame, compressed: true, (int)packed.Length);
            await context.Response.Body.WriteAsync(frame);
            context.Response.AppendTrailer("grpc-status", "0");
        };
        if (expected == StatusCode.OK)
            Assert.That((await _client.UnaryAsync(new Ping())).Payload, Has.Length.EqualTo(size));
        else
            Assert.That((await FailureAsync()).StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task Unary_BrokenBinaryTrailer_DoesNotHideTheStatus()
    {
        _answer = context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers.GrpcStatus = "5";
            context.Response.Headers["x-bin"] = "***";
            context.Response.Headers["y-bin"] = "AQI";
            return Task.CompletedTask;
        };
        var failure = await FailureAsync();
        Assert.That(failure.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(failure.Trailers.GetValueBytes("y-bin"), Is.EqualTo(new byte[] { 1, 2 }));
        Assert.That(failure.Trailers.Get("x-bin"), Is.Null);
    }

    [TestCase(0x0, StatusCode.Internal)]
    [TestCase(0x2, StatusCode.Internal)]
    [TestCase(0x8, StatusCode.Cancelled)]
    [TestCase(0xb, StatusCode.ResourceExhausted)]
    public async Task Unary_StreamIsReset_StatusFollowsTheErrorCode(int code, StatusCode expected)
    {
        _answer = async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.FlushAsync();
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(code);
        };
        Assert.That((await FailureAsync()).StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task Unary_NobodyListens_IsUnavailable()
    {
        using var channel = GrpcChannel.ForAddress("http://127.0.0.1:1");
        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await new Echo.Echo.EchoClient(channel).UnaryAsync(new Ping()));
        Assert.That(thrown!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(thrown.Status.DebugException, Is.Not.Null);
    }

    [Test]
    public async Task ServerStream_ConnectionLost_IsUnavailableAndANewServerIsFound()
    {
        var first = await EchoServer.StartAsync();
        using var channel = GrpcChannel.ForAddress(first.Address);
        var client = new Echo.Echo.EchoClient(channel);
        using var call = client.ServerStream(new Ping { Count = 1, Act = Ping.Types.Act.Hang });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        await first.AbortAsync();
        Assert.That((await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(CancellationToken.None)))!.StatusCode,
            Is.EqualTo(StatusCode.Unavailable));
        await using var second = await EchoServer.StartAsync(port: first.Port);
        Assert.That((await client.UnaryAsync(new Ping { Text = "again" })).Text, Is.EqualTo("again"));
    }

    private async Task<RpcException> FailureAsync() =>
        (await Assert.ThrowsAsync<RpcException>(async () => await _client.UnaryAsync(new Ping { Text = "x" })))!;
}
