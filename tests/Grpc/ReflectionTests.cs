using System.Text.Json;
using CroPlatform.Grpc.Tests.Echo;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using V1Alpha = Grpc.Reflection.V1Alpha;

namespace CroPlatform.Grpc.Tests;

/// <summary>grpc.reflection.v1 and v1alpha, asked by our own client and by one that others wrote.</summary>
public sealed class ReflectionTests
{
    private static readonly string[] Served =
        ["cro.test.v1.Echo", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

    private EchoServer _server = null!;

    [OneTimeSetUp]
    public async Task Start() => _server = await StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [TestCase("v1")]
    [TestCase("v1alpha")]
    public async Task ForeignClient_KnowsNothing_LearnsTheServiceAndCallsIt(string version)
    {
        using var client = ForeignProcess.Start("node", "reflect", $"{_server.Port}", version);
        var seen = JsonDocument.Parse(await client.ReadLineAsync()).RootElement;
        var expected = new
        {
            services = Served,
            methods = new[] { "Unary", "ServerStream", "ClientStream", "Duplex" },
            imported = new[] { "seconds", "nanos" },
            byName = Enum.GetValues<Ping.Types.Act>().Length,
            called = "hällo",
            unknown = "not found",
        };
        Assert.That(JsonElement.DeepEquals(seen, JsonSerializer.SerializeToElement(expected)), Is.True, () => $"{seen}");
    }

    [Test]
    public async Task ListServices_AnyContent_NamesWhatIsMapped() => Assert.That(
        (await AskAsync(new ServerReflectionRequest { ListServices = "whatever" })).ListServicesResponse.Service.Select(service => service.Name), Is.EqualTo(Served));

    [TestCase("cro.test.v1.Echo", "echo.proto")]
    [TestCase("cro.test.v1.Echo.Duplex", "echo.proto")]
    [TestCase("cro.test.v1.Ping", "echo.proto")]
    [TestCase("cro.test.v1.Ping.payload", "echo.proto")]
    [TestCase("cro.test.v1.Ping.Act", "echo.proto")]
    [TestCase("google.protobuf.Timestamp", "google/protobuf/timestamp.proto")]
    [TestCase("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto")]
    [TestCase("grpc.reflection.v1.ServerReflectionRequest.host", "grpc/reflection/v1/reflection.proto")]
    public async Task FileContainingSymbol_Known_IsTheFileThenItsImports(string symbol, string file)
    {
        var files = Files(await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol }));
        Assert.That(files[0].Name, Is.EqualTo(file));
        Assert.That(files.Skip(1).Select(import => import.Name), Is.EquivalentTo(files[0].Dependency));
        Assert.That(files, Is.EqualTo(Files(await AskAsync(new ServerReflectionRequest { FileByFilename = file }))), "by its name");
    }

    [Test]
    public async Task Stream_UnknownThings_AreAnsweredNotFoundWithinIt()
    {
        ServerReflectionRequest[] requests =
        [
            new() { FileByFilename = "nothing.proto" },
            new() { FileContainingSymbol = "cro.test.v1.Nothing" },
            new() { FileContainingSymbol = "" },
            new() { FileContainingExtension = new ExtensionRequest { ContainingType = "cro.test.v1.Ping", ExtensionNumber = 100 } },
            new() { AllExtensionNumbersOfType = "cro.test.v1.Ping" },
        ];
        using var call = new ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        foreach (var request in requests)
        {
            request.Host = "here";
            await call.RequestStream.WriteAsync(request);
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
            Assert.That(call.ResponseStream.Current.ErrorResponse.ErrorCode, Is.EqualTo((int)StatusCode.NotFound), $"{request}");
            Assert.That((call.ResponseStream.Current.ValidHost, call.ResponseStream.Current.OriginalRequest), Is.EqualTo(("here", request)));
        }
        await call.RequestStream.WriteAsync(new ServerReflectionRequest());
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(call.ResponseStream.Current.ErrorResponse.ErrorCode, Is.EqualTo((int)StatusCode.InvalidArgument), "nothing was asked");
        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False);
    }

    [Test]
    public async Task V1Alpha_SameQuestion_GetsTheSameBytes()
    {
        var question = new ServerReflectionRequest { FileContainingSymbol = "cro.test.v1.Echo" };
        using var call = new V1Alpha.ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(V1Alpha.ServerReflectionRequest.Parser.ParseFrom(question.ToByteString()));
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(call.ResponseStream.Current.ToByteString(), Is.EqualTo((await AskAsync(question)).ToByteString()));
    }

    [Test]
    public async Task Stop_WhileAStreamIsOpen_TellsItAndDoesNotWait()
    {
        await using var server = await StartAsync();
        using var call = new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        var stopped = server.StopAsync();
        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.That(thrown!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        await stopped.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static Task<EchoServer> StartAsync() =>
        EchoServer.StartAsync(builder => builder.Services.AddGrpcReflection(), app => app.MapGrpcReflection());

    private async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
    {
        using var call = new ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        return (await call.ResponseStream.ReadAllAsync().ToListAsync()).Single();
    }

    private static List<FileDescriptorProto> Files(ServerReflectionResponse response) =>
        [.. response.FileDescriptorResponse.FileDescriptorProto.Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes))];
}
