using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CroPlatform.Platform.Tests.People;

/// <summary>What happens in a site is told to its webhooks: signed, at least once, and never to an address of the inside.</summary>
public sealed class WebhookTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private readonly ConcurrentQueue<Delivery> _received = new();
    private WebApplication _receiver = null!;
    private Func<Delivery, Task<int>> _answer = _ => Task.FromResult(204);

    [OneTimeSetUp]
    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _receiver = builder.Build();
        _receiver.MapPost("/{**path}", async (HttpContext context) =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var delivery = new Delivery(
                context.Request.Path, context.Request.Headers["webhook-id"].ToString(), context.Request.Headers["webhook-timestamp"].ToString(),
                context.Request.Headers["webhook-signature"].ToString(), await reader.ReadToEndAsync());
            _received.Enqueue(delivery);
            var status = await _answer(delivery);
            context.Response.StatusCode = status;
            if (status == 302) context.Response.Headers.Location = "/redirected";
        });
        await _receiver.StartAsync();
    }

    [OneTimeTearDown]
    public async Task CloseAsync() => await _receiver.DisposeAsync();

    [Test]
    public async Task Change_InTheSite_IsDeliveredSignedAndLogged()
    {
        var hook = await CreateAsync("/signed", "metric.created");
        var metric = await MakeMetricAsync();
        var delivery = await ReceivedAsync("/signed");

        var body = JsonNode.Parse(delivery.Body)!;
        Assert.That(((string?)body["type"], (string?)body["data"]!["subject"], (string?)body["data"]!["site"]), Is.EqualTo(("metric.created", metric, "default")));
        var secret = Convert.FromBase64String(((string)hook["secret"]!)["whsec_".Length..]);
        var signature = Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"{delivery.Id}.{delivery.Timestamp}.{delivery.Body}")));
        Assert.That(delivery.Signature, Is.EqualTo("v1," + signature));
        Assert.That(DateTimeOffset.FromUnixTimeSeconds(long.Parse(delivery.Timestamp)), Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(5)));
        var logged = await LoggedAsync(hook, d => (string?)d["status"] == "delivered");
        Assert.That(((string?)logged["id"], (int)logged["last_status"]!), Is.EqualTo((delivery.Id, 204)));
        Assert.That((await Platform.AdminAsync(HttpMethod.Get, "/api/v1/webhooks")).ToJsonString(), Does.Not.Contain((string)hook["secret"]!));
    }

    [Test]
    public async Task Receiver_FailsOrRedirects_GetsTheSameIdAgain()
    {
        var answers = new ConcurrentQueue<int>([500, 302]);
        _answer = d => Task.FromResult(d.Path == "/failing" && answers.TryDequeue(out var status) ? status : 204);
        var hook = await CreateAsync("/failing", "metric.*");
        await MakeMetricAsync();
        await LoggedAsync(hook, d => (string?)d["status"] == "delivered");
        var tries = _received.Where(d => d.Path == "/failing").ToList();
        Assert.That(tries.Select(d => d.Id).Distinct().Count(), Is.EqualTo(1));
        Assert.That(tries, Has.Count.EqualTo(3));
        Assert.That(_received.Select(d => d.Path), Has.None.EqualTo("/redirected"));
    }

    [Test]
    public async Task Sender_KilledBeforeItMarked_DeliversTheSameIdAgain()
    {
        var isFirst = true;
        _answer = async d =>
        {
            if (d.Path != "/killed" || !isFirst) return 204;
            isFirst = false;
            await Platform.CroAsync("kill", "experiments");
            return 204;
        };
        var hook = await CreateAsync("/killed", "metric.created");
        await MakeMetricAsync();
        await ReceivedAsync("/killed");
        await TestPlatform.EventuallyAsync(() => Task.FromResult(isFirst), first => !first, "the service is killed");
        await Platform.CroAsync("restart", "experiments");
        await LoggedAsync(hook, d => (string?)d["status"] == "delivered");
        var tries = _received.Where(d => d.Path == "/killed").ToList();
        Assert.That(tries, Has.Count.EqualTo(2));
        Assert.That(tries[0].Id, Is.EqualTo(tries[1].Id));
    }

    [TestCase("http://10.0.0.1/")]
    [TestCase("http://127.0.0.2/")]
    [TestCase("http://169.254.169.254/latest/meta-data/")]
    [TestCase("http://[::1]:8080/")]
    [TestCase("http://[::ffff:10.0.0.1]/")]
    [TestCase("http://0x7f000002/")]
    [TestCase("http://2130706434/")]
    [TestCase("http://100.64.0.1/")]
    public async Task Url_OfTheInside_IsRefused(string url)
    {
        using var response = await PostAsync(new { url, events = new[] { "*" } });
        Assert.That(await CodeAsync(response), Is.EqualTo((HttpStatusCode.BadRequest, "address_not_allowed", "url")));
    }

    [TestCase("""{"events": ["*"]}""", "missing", "url")]
    [TestCase("""{"url": "ftp://example.org", "events": ["*"]}""", "invalid_url", "url")]
    [TestCase("""{"url": "http://user:password@example.org", "events": ["*"]}""", "invalid_url", "url")]
    [TestCase("""{"url": "https://example.org"}""", "missing", "events")]
    [TestCase("""{"url": "https://example.org", "events": ["started"]}""", "invalid_event", "events[0]")]
    [TestCase("""{"url": "https://example.org", "events": ["*"], "secret": "whsec_c2hvcnQ="}""", "invalid_secret", "secret")]
    public async Task Webhook_BadField_IsNamed(string body, string code, string field)
    {
        using var response = await PostAsync(JsonNode.Parse(body)!);
        Assert.That(await CodeAsync(response), Is.EqualTo((HttpStatusCode.BadRequest, code, field)));
    }

    [Test]
    public async Task Name_ThatResolvesToTheInside_IsNotCalled()
    {
        var hook = await CreateAsync($"http://{Dns.GetHostName()}:9/", "metric.created");
        await MakeMetricAsync();
        var logged = await LoggedAsync(hook, d => d["last_error"] is not null);
        Assert.That((string?)logged["last_error"], Does.Contain("no address that webhooks may call"));
    }

    private async Task<JsonNode> CreateAsync(string target, string events)
    {
        var url = target.StartsWith('/') ? _receiver.Urls.Single() + target : target;
        var hook = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/webhooks", new { url, events = new[] { events } });
        return hook;
    }

    [TearDown]
    public async Task RemoveAsync()
    {
        _answer = _ => Task.FromResult(204);
        foreach (var hook in (await Platform.AdminAsync(HttpMethod.Get, "/api/v1/webhooks"))["webhooks"]!.AsArray())
        {
            using var removed = await Platform.SendAsync(HttpMethod.Delete, $"/api/v1/webhooks/{hook!["id"]}", Platform.AdminKey);
        }
    }

    private static async Task<string> MakeMetricAsync()
    {
        var metric = TestPlatform.Unique("told");
        await Platform.CreateMetricAsync(metric, "conversion", "purchase");
        return metric;
    }

    private Task<Delivery> ReceivedAsync(string path) =>
        TestPlatform.EventuallyAsync(() => Task.FromResult(_received.FirstOrDefault(d => d.Path == path)!), d => d is not null, $"{path} is called");

    private static async Task<JsonNode> LoggedAsync(JsonNode hook, Func<JsonNode, bool> isRight)
    {
        JsonNode? found = null;
        await TestPlatform.EventuallyAsync(
            async () =>
            {
                var log = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/webhooks/{hook["id"]}/deliveries");
                found = log["deliveries"]!.AsArray().FirstOrDefault(d => isRight(d!));
                return log.ToJsonString();
            },
            _ => found is not null,
            "the delivery log tells it");
        return found!;
    }

    private static Task<HttpResponseMessage> PostAsync(object body) => Platform.SendAsync(HttpMethod.Post, "/api/v1/webhooks", Platform.AdminKey, JsonContent.Create(body));

    private static async Task<(HttpStatusCode Status, string? Code, string? Field)> CodeAsync(HttpResponseMessage response)
    {
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return (response.StatusCode, (string?)problem["code"], (string?)problem["field"]);
    }

    private sealed record Delivery(string Path, string Id, string Timestamp, string Signature, string Body);
}
