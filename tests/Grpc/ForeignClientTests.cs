using System.Text.Json;

namespace CroPlatform.Grpc.Tests;

/// <summary>Clients that others wrote against our server. Each plays its scenarios in one process; the tests judge what it saw.</summary>
[TestFixture("python")]
[TestFixture("node")]
public sealed class ForeignClientTests(string language)
{
    private EchoServer _server = null!;
    private JsonElement _seen;

    [OneTimeSetUp]
    public async Task Play()
    {
        _server = await EchoServer.StartAsync();
        _server.Health.Set("", serving: true);
        using var client = ForeignProcess.Start(language, "client", $"{_server.Port}");
        _seen = JsonDocument.Parse(await client.ReadLineAsync()).RootElement;
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    // As compact JSON, so that a failure shows all of what was seen.
    [TestCase("unary", """ "hällo 🐈" """)]
    [TestCase("client stream", """["abc",3]""")]
    [TestCase("duplex", """["a","b"]""")]
    [TestCase("status", """{"code":"NOT_FOUND","details":"кот 🐈 100%\n","trailers":{"test-cause":"asked for"}}""")]
    [TestCase("stream then status", """{"numbers":[0,1],"code":"FAILED_PRECONDITION","details":"late"}""")]
    [TestCase("thrown", """{"code":"UNKNOWN","details":"The method failed.","trailers":{}}""")]
    [TestCase("metadata", """
        {"headers":{"test-text":"plain, text","test-bytes-bin":"00ff2c0a"},"trailers":{"trailer-test-text":"plain, text","trailer-test-bytes-bin":"00ff2c0a"}}
        """)]
    [TestCase("deadline", """ "DEADLINE_EXCEEDED" """)]
    [TestCase("cancelled", """ "CANCELLED" """)]
    [TestCase("oversize", """ "RESOURCE_EXHAUSTED" """)]
    [TestCase("unknown method", """ "UNIMPLEMENTED" """)]
    [TestCase("unknown service", """ "UNIMPLEMENTED" """)]
    [TestCase("concurrent", "1000")]
    [TestCase("large", "true")]
    [TestCase("gzip", "true")]
    [TestCase("gzip answer", "true")]
    [TestCase("half close", """["held","too"]""")]
    [TestCase("duplex given up", """ "CANCELLED" """)]
    [TestCase("client stream late", """ "DEADLINE_EXCEEDED" """)]
    [TestCase("slow reader", """{"waited":true,"messages":1000}""")]
    [TestCase("no reader", "true")]
    [TestCase("health", """{"process":1,"unknown":"NOT_FOUND","watched":[3,1]}""")]
    [TestCase("after all", """ "hällo 🐈" """)]
    public void Scenario_Played_SawWhatTheProtocolAsks(string scenario, string expected)
    {
        var seen = _seen.GetProperty(scenario);
        Assert.That(JsonElement.DeepEquals(seen, JsonDocument.Parse(expected).RootElement), Is.True, () => $"{scenario}: {seen}");
    }

    [Test]
    public void ServerStream_HundredPongs_ArriveInOrder() =>
        Assert.That(_seen.GetProperty("server stream").EnumerateArray().Select(number => number.GetInt32()), Is.EqualTo(Enumerable.Range(0, 100)));

    [TestCase("deadline")]
    [TestCase("cancel")]
    [TestCase("duplex")]
    [TestCase("upload")]
    [TestCase("unread")]
    public async Task Hanging_GivenUpByTheClient_IsCancelledOnTheServer(string how) =>
        await Eventually.TrueAsync(() => Task.FromResult(_server.Cancelled.ContainsKey($"{how}-{language}")));
}
