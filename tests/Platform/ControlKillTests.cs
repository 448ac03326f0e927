using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using Dapper;
using Google.Protobuf;
using Npgsql;

namespace CroPlatform.Platform.Tests;

/// <summary>
/// The control plane is killed at seeded moments while clients send commands, each again under its idempotency key until it is answered. Whatever
/// the moment: every experiment is in a state of the list and as it was published last, the topic has what the outbox has, the audit chain is whole,
/// and what was answered happened once.
/// </summary>
public sealed class ControlKillTests
{
    private const int Clients = 4;
    private static readonly string[] Commands = ["submit", "withdraw", "start", "start", "pause", "resume", "pause", "resume", "decide", "stop", "roll-out", "roll-out", "roll-back", "undo", "undo"];
    private static readonly string[] Statuses = ["draft", "in_review", "scheduled", "running", "paused", "deciding", "rolling_out", "completed", "rolled_back", "archived"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private readonly HttpClient _http = new() { BaseAddress = new Uri(Platform.Service("experiments", "http")), Timeout = TimeSpan.FromSeconds(20) };
    private readonly string _metric = TestPlatform.Unique("kill-metric");
    private long _carriedOut;

    [OneTimeTearDown]
    public Task GiveBack()
    {
        _http.Dispose();
        return Platform.CroAsync("up");
    }

    [TestCase(1, 32)]
    public async Task Commands_WhileTheServiceIsKilled_HappenOnceOrNotAtAll(int seed, int kills)
    {
        await Platform.CreateMetricAsync(_metric, "conversion", "purchase");
        using var enough = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(i => Task.Run(() => CommandAsync(new Random(seed * 1_000 + i), enough.Token))).ToList();
        using (var service = ServiceProcess.TakeOver(Platform.Folder, "experiments")) await KillAsync(service, new Random(seed), kills);
        await Platform.CroAsync("up");
        await enough.CancelAsync();
        var done = (await Task.WhenAll(clients)).SelectMany(c => c).ToList();
        Assert.That(done, Has.Count.GreaterThan(kills), "there must have been something to lose");
        await AssertOnceAsync(done);
        await AssertPublishedAsync([.. done.Select(d => d.Experiment).Distinct()]);
        await Platform.CroAsync("audit", "verify");
        TestContext.Out.WriteLine($"{done.Count} commands carried out over {kills + 1} kills");
    }

    private async Task KillAsync(ServiceProcess service, Random random, int kills)
    {
        for (var kill = 0; kill < kills; kill++)
        {
            // It works again; then, at a seeded moment of its work, it does not.
            var enough = Interlocked.Read(ref _carriedOut) + random.Next(1, 5);
            await TestPlatform.EventuallyAsync(
                () => Task.FromResult((CarriedOut: Interlocked.Read(ref _carriedOut), service.LastWords)), now => now.CarriedOut >= enough, $"commands are carried out before kill {kill}");
            await Task.Delay(random.Next(0, 120));
            await service.KillAsync();
            service.Start();
        }
    }

    /// <summary>Random commands on experiments of its own until it is told to stop.</summary>
    /// <returns>Those that were carried out, by the key under which they were sent.</returns>
    private async Task<List<(string Experiment, string Once)>> CommandAsync(Random random, CancellationToken enough)
    {
        var done = new List<(string, string)>();
        var experiment = "";
        var choice = Commands;
        while (!enough.IsCancellationRequested)
        {
            if (experiment.Length == 0 || random.Next(25) == 0)
            {
                experiment = TestPlatform.Unique("kill");
                var draft = new { key = experiment, variants = new[] { new { key = "a" }, new { key = "b" } }, metrics = new[] { new { key = _metric } } };
                await SendAsync("/api/v1/experiments", TestPlatform.Unique("make"), draft);
                choice = Commands;
                continue;
            }

            // After a refusal, something that the state takes.
            var (command, once) = (choice[random.Next(choice.Length)], TestPlatform.Unique("once"));
            var allowed = await SendAsync($"/api/v1/experiments/{experiment}/{command}", once, new { reason = once });
            if (allowed is null) done.Add((experiment, once));
            choice = allowed?.Intersect(Commands).ToArray() is { Length: > 0 } takes ? takes : Commands;
        }

        return done;
    }

    /// <summary>Sends a command until it is answered for good.</summary>
    /// <returns>Null if it was carried out; else what the experiment takes instead, as far as that was told.</returns>
    private async Task<IReadOnlyList<string>?> SendAsync(string path, string once, object body)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Platform.AdminKey);
                request.Headers.Add("Idempotency-Key", once);
                using var response = await _http.SendAsync(request);
                var text = await response.Content.ReadAsStringAsync();
                if (response.IsSuccessStatusCode)
                {
                    Interlocked.Increment(ref _carriedOut);
                    return null;
                }

                if (response.StatusCode == HttpStatusCode.Conflict && !text.Contains("idempotency_key_in_use", StringComparison.Ordinal))
                {
                    return [.. (JsonNode.Parse(text)!["allowed"]?.AsArray() ?? []).Select(a => a!.GetValue<string>())];
                }

                Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable).Or.EqualTo(HttpStatusCode.InternalServerError).Or.EqualTo(HttpStatusCode.Conflict), text);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // It was killed with the command in its hands.
            }

            Assert.That(TimeProvider.System.GetElapsedTime(since), Is.LessThan(Patience), $"{path} was not answered");
            await Task.Delay(20);
        }
    }

    /// <summary>Every command names its key as its reason: the audit log has each that was answered as done, once, and no other.</summary>
    private static async Task AssertOnceAsync(List<(string Experiment, string Once)> done)
    {
        foreach (var experiment in done.GroupBy(d => d.Experiment, d => d.Once))
        {
            using var response = await Platform.SendAsync(HttpMethod.Get, $"/api/v1/audit/export?subject_kind=experiment&subject={experiment.Key}", Platform.AdminKey);
            var rows = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToList();
            Assert.That(rows.Select(r => (string?)r["reason"]).Where(r => r is not null), Is.EqualTo(experiment), experiment.Key);
            Assert.That((string?)rows[0]["action"], Is.EqualTo("experiment.created"));
            var shown = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{experiment.Key}");
            Assert.That((Statuses.Contains((string?)shown["status"]), (long)shown["revision"]!), Is.EqualTo((true, 1L + experiment.Count())));
            Assert.That((string?)rows[^1]["after"]!["status"], Is.EqualTo((string?)shown["status"]));
        }
    }

    private static async Task AssertPublishedAsync(HashSet<string> experiments)
    {
        await using var source = NpgsqlDataSource.Create(Platform.Postgres + ";Search Path=experiments");
        await using var db = await source.OpenConnectionAsync();
        var rows = (await db.QueryAsync<(string Key, byte[] Record)>("select record_key, record from publications order by id"))
            .Select(r => (r.Key, Record: ByteString.CopyFrom(r.Record))).Where(r => experiments.Contains(ExperimentOf(r.Key))).ToList();
        var topic = await Task.Run(() => ReadTopic(experiments, rows[^1]));
        Assert.That(topic.Distinct(), Is.EquivalentTo(rows), "the topic has all of the outbox and nothing else; a second copy changes nothing");
        Assert.That(rows, Is.Unique, "a version is published by one change only");
        foreach (var experiment in experiments)
        {
            var versions = rows.Select(r => ConfigurationRecord.Parser.ParseFrom(r.Record).Experiment).Where(e => e?.Key == experiment).ToList();
            Assert.That(versions.Select(v => v.Version), Is.EqualTo(Enumerable.Range(1, versions.Count)));
            var shown = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{experiment}");
            Assert.That((int)shown["version"]!, Is.EqualTo(versions.Count));
            if (versions.Count > 0) Assert.That(shown["status"]!.GetValue<string>(), Is.EqualTo(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(versions[^1].Status.ToString())), experiment);
        }
    }

    /// <summary>What the topic has of these experiments, up to this record.</summary>
    private static List<(string Key, ByteString Record)> ReadTopic(HashSet<string> experiments, (string Key, ByteString Record) last)
    {
        using var consumer = new ConsumerBuilder<string, byte[]>(new ConsumerConfig { BootstrapServers = Platform.Kafka, GroupId = "control-kill", EnableAutoCommit = false }).Build();
        consumer.Assign(new TopicPartitionOffset(Topics.Experiments, 0, Offset.Beginning));
        var records = new List<(string, ByteString)>();
        var end = consumer.QueryWatermarkOffsets(new TopicPartition(Topics.Experiments, 0), Patience).High.Value;
        var since = TimeProvider.System.GetTimestamp();
        for (var offset = 0L; offset < end || !records.Contains(last);)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(since), Is.LessThan(Patience), "the topic does not have all of the outbox");
            if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is not { } record) continue;
            offset = record.Offset.Value + 1;
            if (experiments.Contains(ExperimentOf(record.Message.Key))) records.Add((record.Message.Key, ByteString.CopyFrom(record.Message.Value)));
        }

        return records;
    }

    /// <summary>site|experiment|version</summary>
    private static string ExperimentOf(string recordKey) => recordKey.Split('|') is [_, var experiment, _] ? experiment : "";
}
