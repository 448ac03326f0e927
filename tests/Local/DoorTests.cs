using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using CroPlatform.Door;
using CroPlatform.Local.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CroPlatform.Local.Tests;

/// <summary>The door before a small service of the tests' own, which stands for all of them.</summary>
public sealed class DoorTests
{
    private readonly ConcurrentBag<string> _bodies = [];
    private int _port;
    private WebApplication _door = null!;
    private WebApplication? _service;
    private HttpClient _client = null!;

    [SetUp]
    public async Task Open()
    {
        _bodies.Clear();
        _port = Ports.Choose(new Dictionary<string, int>(), ["service"], (_, _) => true, Ports.IsFree, Random.Shared)["service"];
        await OpenDoorAsync(retrySeconds: 20);
    }

    [TearDown]
    public async Task Close()
    {
        _client.Dispose();
        await _door.DisposeAsync();
        await StopServiceAsync();
    }

    [Test]
    public async Task Forward_ARequest_ArrivesWholeWithItsTraceAndWithoutClaimsAboutTheCaller()
    {
        await StartServiceAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/echo?a=1%2F2") { Content = new StringContent("{\"a\":1}") };
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        request.Headers.Add("X-Forwarded-For", "6.6.6.6");
        using var response = await _client.SendAsync(request);
        var echo = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((string?)echo["body"], Is.EqualTo("{\"a\":1}"));
        Assert.That((string?)echo["path"], Is.EqualTo("/v1/echo?a=1%2F2"));
        Assert.That((string?)echo["trace"], Does.Contain("0af7651916cd43dd8448eb211c80319c"));
        Assert.That((string?)echo["caller"], Is.EqualTo("127.0.0.1"));
    }

    [Test]
    public async Task Forward_WhileTheServiceIsAway_WaitsForItAndSendsTheBodyOnce()
    {
        var sent = _client.PostAsync("/v1/echo", new StringContent("kept"));
        Assert.That(sent.IsCompleted, Is.False);
        await StartServiceAsync();
        using var response = await sent;
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(_bodies, Is.EqualTo(["kept"]));
    }

    [Test]
    public async Task Forward_ThroughRestartsUnderLoad_LosesAndDoublesNothing()
    {
        await StartServiceAsync();
        using var done = new CancellationTokenSource();
        var sent = new ConcurrentBag<string>();
        var clients = Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                using var response = await _client.PostAsync("/v1/echo", new StringContent($"{client}/{i}"));
                Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), await response.Content.ReadAsStringAsync());
                sent.Add($"{client}/{i}");
            }
        })).ToArray();
        for (var restart = 0; restart < 5; restart++)
        {
            var before = sent.Count;
            Assert.That(() => sent.Count > before + 100 || Array.Exists(clients, client => client.IsFaulted), Is.True.After(30_000, 5));
            await StopServiceAsync();
            await StartServiceAsync();
        }

        await done.CancelAsync();
        await Task.WhenAll(clients);
        Assert.That(_bodies, Is.EquivalentTo(sent));
    }

    [Test]
    public async Task Forward_ToAServiceThatStaysAway_Is503WithACode()
    {
        await ReopenDoorAsync(retrySeconds: 0.2);
        using var response = await _client.GetAsync("/api/v1/experiments");
        await AssertProblemAsync(response, HttpStatusCode.ServiceUnavailable, "service_unavailable");
        Assert.That(response.Headers.RetryAfter, Is.Not.Null);
    }

    [Test]
    public async Task Forward_ToAServiceThatDropsTheConnection_Is502AndNotSentAgain()
    {
        await StartServiceAsync();
        using var response = await _client.PostAsync("/v1/drop", new StringContent("once"));
        await AssertProblemAsync(response, HttpStatusCode.BadGateway, "service_failed");
        Assert.That(_bodies, Is.EqualTo(["once"]));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Forward_ABodyOverTheLimit_Is413(bool lengthIsKnown)
    {
        await StartServiceAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/echo") { Content = new ByteArrayContent(new byte[Forwarding.MaxBody + 1]) };
        request.Headers.TransferEncodingChunked = lengthIsKnown ? null : true;
        using var response = await _client.SendAsync(request);
        await AssertProblemAsync(response, HttpStatusCode.RequestEntityTooLarge, "too_large");
        Assert.That(_bodies, Is.Empty);
    }

    [Test]
    public async Task Forward_AServicesOwnRefusal_PassesUnchanged()
    {
        await StartServiceAsync();
        using var response = await _client.PostAsync("/v1/refuse", new StringContent("not read"));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("no key"));
    }

    [Test]
    public async Task Forward_AWebSocket_CarriesBothWays()
    {
        await StartServiceAsync();
        using var socket = new ClientWebSocket();
        var address = new UriBuilder(_door.Urls.Single()) { Scheme = "ws", Path = "/live" }.Uri;
        await socket.ConnectAsync(address, CancellationToken.None);
        await socket.SendAsync(Encoding.UTF8.GetBytes("ping"), WebSocketMessageType.Text, true, CancellationToken.None);
        var answer = new byte[100];
        var received = await socket.ReceiveAsync(answer, CancellationToken.None);
        Assert.That(Encoding.UTF8.GetString(answer, 0, received.Count), Is.EqualTo("ping"));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        Assert.That(response.StatusCode, Is.EqualTo(status));
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
        Assert.That((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"], Is.EqualTo(code));
    }

    private async Task ReopenDoorAsync(double retrySeconds)
    {
        _client.Dispose();
        await _door.DisposeAsync();
        await OpenDoorAsync(retrySeconds);
    }

    private async Task OpenDoorAsync(double retrySeconds)
    {
        var url = $"http://127.0.0.1:{_port}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        foreach (var service in Enum.GetNames<Service>())
            builder.Configuration[$"{DoorOptions.Section}:{service}"] = url;
        builder.Configuration[$"{DoorOptions.Section}:{nameof(DoorOptions.RetrySeconds)}"] = retrySeconds.ToString();
        builder.Services.AddDoor();
        _door = builder.Build();
        _door.Run(_door.Services.GetRequiredService<Forwarding>().HandleAsync);
        await _door.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_door.Urls.Single()) };
    }

    private async Task StartServiceAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        _service = builder.Build();
        _service.UseWebSockets();
        _service.MapPost("/v1/echo", async context =>
        {
            var body = await KeepBodyAsync(context);
            await context.Response.WriteAsJsonAsync(new
            {
                body,
                path = context.Request.Path + context.Request.QueryString.Value,
                trace = context.Request.Headers.TraceParent.ToString(),
                caller = context.Request.Headers["X-Forwarded-For"].ToString(),
            });
        });
        _service.MapPost("/v1/drop", async context =>
        {
            await KeepBodyAsync(context);
            context.Abort();
        });
        _service.MapPost("/v1/refuse", context =>
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return context.Response.WriteAsync("no key");
        });
        _service.Map("/live", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, true, context.RequestAborted);
            await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
        await _service.StartAsync();
    }

    private async Task StopServiceAsync()
    {
        if (_service is null)
            return;
        await _service.StopAsync();
        await _service.DisposeAsync();
        _service = null;
    }

    private async Task<string> KeepBodyAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        _bodies.Add(body);
        return body;
    }
}
