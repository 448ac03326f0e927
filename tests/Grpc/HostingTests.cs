using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using CroPlatform.Grpc.Tests.Echo;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Grpc.Tests;

/// <summary>The server as a part of ASP.NET Core: authorization, lifetimes, options, traces, other traffic.</summary>
public sealed class HostingTests
{
    [Test]
    public async Task RequireAuthorization_WithAndWithoutKey_RefusesOneAndServesTheOtherAndHealthAnyone()
    {
        await using var server = await EchoServer.StartAsync(
            builder =>
            {
                builder.Services.AddAuthentication("key").AddScheme<AuthenticationSchemeOptions, KeyHandler>("key", null);
                builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder("key").RequireAuthenticatedUser().Build());
            });
        Assert.That(await FailureAsync(() => server.Client.UnaryAsync(new Ping()).ResponseAsync), Is.EqualTo(StatusCode.Unauthenticated));
        Assert.That(await FailureAsync(() => server.Client.UnaryAsync(new Ping(), new Metadata { { "x-key", "wrong" } }).ResponseAsync), Is.EqualTo(StatusCode.Unauthenticated));
        Assert.That((await server.Client.UnaryAsync(new Ping { Text = "x" }, new Metadata { { "x-key", "right" } })).Text, Is.EqualTo("x"));
        Assert.That(await FailureAsync(() => new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest { Service = "nobody" }).ResponseAsync),
            Is.EqualTo(StatusCode.NotFound));
    }

    [TestCase(ServiceLifetime.Singleton, 1, 0)]
    [TestCase(ServiceLifetime.Scoped, 3, 3)]
    [TestCase(ServiceLifetime.Transient, 3, 3)]
    [TestCase(null, 3, 3)]
    public async Task MapGrpcService_EachLifetime_MakesAndDisposesAsRegistered(ServiceLifetime? lifetime, int made, int disposed)
    {
        var instances = new Instances();
        await using (var server = await EchoServer.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton(instances);
                if (lifetime is { } registered)
                    builder.Services.Add(new ServiceDescriptor(typeof(CountedService), typeof(CountedService), registered));
            },
            app => app.MapGrpcService<CountedService>(),
            withEcho: false))
        {
            for (var i = 0; i < 3; i++)
                await server.Client.UnaryAsync(new Ping());
            Assert.That(instances.Made, Is.EqualTo(made));
            await Eventually.TrueAsync(() => Task.FromResult(instances.Disposed == disposed));
        }
    }

    [Test]
    public async Task AddGrpc_Options_SetLimitsAndDetailedErrors()
    {
        await using var server = await EchoServer.StartAsync(builder => builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = 1_000;
            options.MaxSendMessageSize = 100;
            options.EnableDetailedErrors = true;
        }));
        Assert.That(await FailureAsync(() => server.Client.UnaryAsync(new Ping { Text = new string('x', 2_000) }).ResponseAsync), Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(await FailureAsync(() => server.Client.UnaryAsync(new Ping { Text = new string('x', 500) }).ResponseAsync), Is.EqualTo(StatusCode.ResourceExhausted));
        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.UnaryAsync(new Ping { Act = Ping.Types.Act.Throw }));
        Assert.That(thrown!.Status.Detail, Does.Contain("secret detail"));
    }

    [Test]
    public async Task Call_InATrace_ContinuesItOnTheServerAndTellsItsStatus()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or "System.Net.Http" or "test",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using var server = await EchoServer.StartAsync();
        using var source = new ActivitySource("test");
        ActivityTraceId trace;
        using (var root = source.StartActivity("root")!)
        {
            trace = root.TraceId;
            await FailureAsync(() => server.Client.UnaryAsync(new Ping { Status = 5 }).ResponseAsync);
        }
        await Eventually.TrueAsync(() => Task.FromResult(spans.Any(span =>
            span.Kind == ActivityKind.Server && span.TraceId == trace && Equals(span.GetTagItem("rpc.grpc.status_code"), "5"))));
    }

    [Test]
    public async Task UnknownPath_OfAnOrdinaryRequest_StaysNotFound()
    {
        await using var server = await EchoServer.StartAsync();
        using var http = new HttpClient();
        var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Address}a/b")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("{}"),
        };
        using var response = await http.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Call_OverHttp1_IsToldToUpgrade()
    {
        await using var server = await EchoServer.StartAsync(protocols: HttpProtocols.Http1);
        using var http = new HttpClient();
        using var content = new ByteArrayContent([0, 0, 0, 0, 0]);
        content.Headers.ContentType = new("application/grpc");
        using var response = await http.PostAsync($"{server.Address}cro.test.v1.Echo/Unary", content);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.UpgradeRequired));
    }

    [Test]
    public async Task Deadline_ServiceReadsWithATokenOfItsOwn_EndsTheReadAllTheSame()
    {
        await using var server = await EchoServer.StartAsync(configure: app => app.MapGrpcService<OwnTokenService>(), withEcho: false);
        // Raw, so that no client of ours ends the call by its own clock; the request never ends.
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        using var open = new StreamContent(new Pipe().Reader.AsStream());
        open.Headers.ContentType = new("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Address}cro.test.v1.Echo/Duplex")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = open,
        };
        request.Headers.Add("grpc-timeout", "200m");
        using var response = await http.SendAsync(request, CancellationToken.None);
        Assert.That(response.Headers.GetValues("grpc-status"), Is.EqualTo(new[] { "4" }));
    }

    [Test]
    public async Task Stop_WhileHealthIsWatched_TellsTheWatcherAndDoesNotWait()
    {
        await using var server = await EchoServer.StartAsync();
        server.Health.Set("", serving: true);
        using var watch = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest());
        Assert.That(await watch.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(watch.ResponseStream.Current.Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
        var stopped = server.StopAsync();
        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.That(thrown!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        await stopped.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Test]
    public void MapGrpcService_ClassThatIsNoService_SaysSo() => Assert.That(
        async () => await EchoServer.StartAsync(configure: app => app.MapGrpcService<Instances>()),
        Throws.InvalidOperationException.With.Message.Contains("no generated gRPC service base"));

    private static async Task<StatusCode> FailureAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(() => call()))!.StatusCode;

    private sealed class Instances
    {
        public int Made;
        public int Disposed;
    }

    private sealed class CountedService : Echo.Echo.EchoBase, IDisposable
    {
        private readonly Instances _instances;

        public CountedService(Instances instances)
        {
            _instances = instances;
            Interlocked.Increment(ref instances.Made);
        }

        public override Task<Pong> Unary(Ping request, ServerCallContext context) =>
            Task.FromResult(new Pong { Text = context.GetHttpContext().Request.Path });

        public void Dispose() => Interlocked.Increment(ref _instances.Disposed);
    }

    private sealed class OwnTokenService : Echo.Echo.EchoBase
    {
        public override async Task Duplex(IAsyncStreamReader<Ping> requestStream, IServerStreamWriter<Pong> responseStream, ServerCallContext context)
        {
            using var own = new CancellationTokenSource();
            await requestStream.MoveNext(own.Token);
        }
    }

    private sealed class KeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Request.Headers["x-key"] == "right"
            ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity("key")), "key"))
            : AuthenticateResult.NoResult());
    }
}
