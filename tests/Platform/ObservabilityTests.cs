using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Grpc;
using CroPlatform.Redis;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CroPlatform.Platform.Tests;

/// <summary>What operators see: metrics, health, traces; and live counters that come back after Redis lost them.</summary>
public sealed class ObservabilityTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private static readonly string[] Services = ["ingestion", "experiments", "assignment", "statistics", "reporting"];

    [TestCaseSource(nameof(Services))]
    public async Task Metrics_WithTheOperatorsKey_ArePrometheusText(string service)
    {
        await Platform.SendEventsAsync([new { type = "x", visitor_id = "v" }]);
        using var closed = await Platform.SendAsync(HttpMethod.Get, Platform.Service(service, "http") + "/metrics", Platform.AdminKey);
        Assert.That(closed.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized), "a site's key is not the operators'");
        using var open = await Platform.SendAsync(HttpMethod.Get, Platform.Service(service, "http") + "/metrics", Platform.Text("metrics_key"));
        var text = await open.Content.ReadAsStringAsync();
        Assert.That(text, Does.Contain("# TYPE http_server_request_duration_seconds histogram"));
        Assert.That(text, Does.Match("(?m)^http_server_request_duration_seconds_bucket\\{.*le=\"\\+Inf\"\\} [0-9]+$"));
        if (service == "ingestion") Assert.That(text, Does.Match("(?m)^cro_ingest_events_total\\{outcome=\"accepted\"\\} [1-9]"));
    }

    [TestCase("assignment")]
    [TestCase("statistics")]
    public async Task GrpcHealth_OfAReadyService_IsServing(string service)
    {
        using var channel = GrpcChannel.ForAddress("http://" + Platform.Service(service, "grpc"));
        var reply = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());
        Assert.That(reply.Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
    }

    [Test]
    public async Task Trace_OfTheRequest_GoesOnInTheRecord()
    {
        var (trace, visitor) = (ActivityTraceId.CreateRandom().ToHexString(), TestPlatform.Unique("traced"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = JsonContent.Create(new { type = "x", visitor_id = visitor }) };
        request.Headers.Add("authorization", $"Bearer {Platform.WriteKey}");
        request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        using var response = await Platform.Http.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        var record = await RecordAsync(visitor);
        Assert.That(record.Message.Headers.TryGetLastBytes(Contracts.Headers.TraceParent, out var parent), Is.True);
        Assert.That(Encoding.ASCII.GetString(parent), Does.StartWith($"00-{trace}-"));
        Assert.That(Encoding.ASCII.GetString(record.Message.Headers.GetLastBytes(Contracts.Headers.Message)), Is.EqualTo("cro.events.v1.Event"));
    }

    [Test]
    public async Task LiveCounters_AfterRedisLostEverything_ComeBack()
    {
        var (key, metric) = (TestPlatform.Unique("live"), TestPlatform.Unique("m"));
        await Platform.CreateMetricAsync(metric, "conversion", metric);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], metric);
        await Platform.SendEventsAsync([.. Enumerable.Range(0, 50).Select(i => new { type = "exposure", visitor_id = $"{key}-{i}", experiment = key, variant = "a" })]);
        await LiveUnitsAsync(key, 50);
        var options = Options.Create(new RedisOptions { Endpoint = Platform.Text("redis"), Password = Platform.Text("redis_password") });
        using var redis = new RedisCache(options, NullLogger<RedisCache>.Instance);
        Assert.That(await redis.TryAsync(db => db.ExecuteAsync("FLUSHALL")), Is.True);
        await LiveUnitsAsync(key, 50);
    }

    private static async Task LiveUnitsAsync(string experiment, long units)
    {
        using var channel = GrpcChannel.ForAddress("http://" + Platform.Service("statistics", "grpc"));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var call = new StatisticsService.StatisticsServiceClient(channel.WithKey(Platform.AdminKey)).WatchLive(new WatchLiveRequest(), cancellationToken: limit.Token);
        while (await call.ResponseStream.MoveNext(limit.Token))
        {
            var counters = call.ResponseStream.Current;
            if (counters.Experiment == experiment && counters.Variants.Sum(v => v.Units) == units) return;
        }

        Assert.Fail("the stream of live counters ended");
    }

    private static Task<ConsumeResult<byte[], byte[]>> RecordAsync(string visitor) => Task.Run(() =>
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = Platform.Kafka, GroupId = visitor }).Build();
        var topic = Topics.All.Single(t => t.Name == Topics.Events);
        consumer.Assign(Enumerable.Range(0, topic.Partitions).Select(p => new TopicPartitionOffset(topic.Name, p, Offset.Beginning)));
        var (clock, key) = (Stopwatch.StartNew(), Encoding.UTF8.GetBytes(Topics.UnitKey("default", visitor)));
        while (clock.Elapsed < TimeSpan.FromSeconds(30))
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is { } record && record.Message.Key.AsSpan().SequenceEqual(key)) return record;
        }

        throw new AssertionException($"no event of {visitor} came");
    });
}
