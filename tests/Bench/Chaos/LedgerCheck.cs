using System.Diagnostics;
using System.Globalization;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Grpc;
using CroPlatform.Services.Statistics.Store;
using Dapper;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;

namespace CroPlatform.Bench.Chaos;

/// <summary>The rules that must hold when everything has healed: what the clients know against the log, and the log against what statistics stored.</summary>
internal sealed class LedgerCheck(RunningPlatform platform, Deployment deployment, ChaosExperiments experiments, Ledger ledger, long poisonedFacts)
{
    private const int Shown = 10;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan RedisLimit = TimeSpan.FromSeconds(60);

    private readonly List<string> _broken = [];

    public Recount Recount { get; private set; } = null!;

    /// <summary>Each rule that does not hold, with what is lost or doubled.</summary>
    public IReadOnlyList<string> Broken => _broken;

    /// <summary>From the end of the faults until all events were counted.</summary>
    public TimeSpan Drained { get; private set; }

    /// <summary>From FLUSHALL until Redis had everything again.</summary>
    public TimeSpan Rebuilt { get; private set; }

    public async Task RunAsync()
    {
        await using var source = NpgsqlDataSource.Create(platform.Postgres + ";Search Path=statistics");
        Drained = await DrainAsync(source);
        Recount = await Task.Run(() => Recount.Read(platform.Kafka));
        CheckAnswers();
        await using var db = await source.OpenConnectionAsync();
        await CheckUnitsAsync(db);
        await CheckQuarantineAsync(db);
        await CheckBalanceAsync(db);
        foreach (var experiment in experiments.All) await CheckSumsAsync(experiment);
        await CheckRedisAsync();
    }

    /// <summary>Where processes were only asked to end: whoever came through the door noticed nothing.</summary>
    public void NoneAnsweredBadly() => Rule("through the door", ledger.Requests.Where(r => r.Key.EndsWith(" door", StringComparison.Ordinal) && r.Key != "202 door").Select(r => $"{r.Value} times {r.Key}"));

    /// <summary>Waits until the spools are empty and every record has been folded.</summary>
    private async Task<TimeSpan> DrainAsync(NpgsqlDataSource source)
    {
        var since = Stopwatch.GetTimestamp();
        for (var lacks = "?"; lacks.Length > 0; await Task.Delay(200))
        {
            lacks = await LacksAsync(source);
            if (lacks.Length == 0) break;
            if (Stopwatch.GetElapsedTime(since) <= Limit) continue;
            _broken.Add($"it does not drain within {Limit.TotalMinutes} minutes: {lacks}");
            break;
        }

        return Stopwatch.GetElapsedTime(since);
    }

    private async Task<string> LacksAsync(NpgsqlDataSource source)
    {
        var waiting = deployment.Spools.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*.spool")).Sum(f => new FileInfo(f).Length);
        if (waiting > 0) return $"{waiting} bytes in the spools";
        var (events, facts) = await Task.Run(() => (Ends(Topics.Events), Ends(Topics.Facts)));
        await using var db = await source.OpenConnectionAsync();
        var stored = (await db.QueryAsync<(string Topic, int Partition, long Next)>("select topic, partition, next_offset from offsets")).ToList();
        var behind = stored.Sum(s => (s.Topic == Topics.Facts ? facts : events)[s.Partition] - s.Next);
        return stored.Count < 3 * events.Length ? $"{stored.Count} partitions were opened" : behind != 0 ? $"{behind} records behind" : "";
    }

    private long[] Ends(string topic)
    {
        using var consumer = new Confluent.Kafka.ConsumerBuilder<byte[], byte[]>(new Confluent.Kafka.ConsumerConfig { BootstrapServers = platform.Kafka, GroupId = "chaos-ends" }).Build();
        return [.. Enumerable.Range(0, Topics.All.Single(t => t.Name == topic).Partitions)
            .Select(p => consumer.QueryWatermarkOffsets(new Confluent.Kafka.TopicPartition(topic, p), TimeSpan.FromSeconds(10)).High.Value)];
    }

    /// <summary>Acknowledged: in the log. Refused and nothing else: not in it.</summary>
    private void CheckAnswers()
    {
        Rule("acknowledged and not in the log", ledger.Events.Where(e => e.Value.HasFlag(Ledger.Answers.Acknowledged) && !Recount.Records.ContainsKey(e.Key)).Select(e => e.Key));
        Rule("refused and yet in the log", ledger.Events.Where(e => e.Value == Ledger.Answers.Refused && Recount.Records.ContainsKey(e.Key)).Select(e => e.Key));
        var exposed = Recount.Events.Where(e => e.Exposure?.Experiment == experiments.ByPlatform).ToLookup(e => e.VisitorId, e => e.Exposure.Variant);
        Rule("assigned, and the exposure is not in the log", ledger.Assigned.Where(a => !exposed[a.Key].Contains(a.Value)).Select(a => a.Key));
    }

    /// <summary>Each id of the log is once in its visitor's stored facts, and nothing else is.</summary>
    private async Task CheckUnitsAsync(NpgsqlConnection db)
    {
        var expected = Recount.Ids();
        var (lost, foreign, doubled, seen) = (new List<string>(), new List<string>(), new List<string>(), new HashSet<string>());
        foreach (var (partition, site, unit, state) in await db.QueryAsync<(int, string, string, byte[])>("select partition, site, unit, state from units where partition < 1000000"))
        {
            var facts = UnitCodec.Decode(site, unit, partition, state).Facts.Select(f => f.Id).ToList();
            var ids = expected.GetValueOrDefault(unit, []).ToDictionary(FactId.Of);
            if (!seen.Add(unit) || facts.Distinct().Count() != facts.Count) doubled.Add(unit);
            lost.AddRange(ids.Where(i => !facts.Contains(i.Key)).Select(i => i.Value));
            if (facts.Exists(f => !ids.ContainsKey(f))) foreign.Add(unit);
        }

        lost.AddRange(expected.Where(e => !seen.Contains(e.Key)).SelectMany(e => e.Value));
        Rule("in the log and not counted", lost);
        Rule("units with facts that the log does not have", foreign);
        Rule("units that are stored twice, or with an id twice", doubled);
    }

    private async Task CheckQuarantineAsync(NpgsqlConnection db)
    {
        var stored = (await db.QueryAsync<(int Partition, long Offset)>("select partition, record_offset from quarantine where topic = @topic", new { topic = Topics.Events })).ToHashSet();
        Rule("to be quarantined, and not there", Recount.Quarantined.Except(stored).Select(p => $"{p.Partition}/{p.Offset}"));
        var facts = await db.ExecuteScalarAsync<long>("select count(*) from quarantine where topic = @topic", new { topic = Topics.Facts });
        Rule("broken records of cro.facts.v1", facts == poisonedFacts ? [] : [$"{facts} are quarantined, {poisonedFacts} were written"]);
        Rule("quarantined without a reason", stored.Except(Recount.Quarantined).Select(p => $"{p.Partition}/{p.Offset}"));
    }

    /// <summary>Every record was told as exactly one of counted, held, quarantined and a copy.</summary>
    private async Task CheckBalanceAsync(NpgsqlConnection db)
    {
        var (counted, held, quarantined, copies) = await db.QuerySingleAsync<(long, long, long, long)>(
            "select sum(counted)::bigint, sum(held)::bigint, sum(quarantined)::bigint, sum(deduplicated)::bigint from balance");
        var distinct = Recount.Events.LongCount();
        Rule("balance", (counted + held + quarantined, copies) == (distinct + Recount.Poison, Recount.Total - Recount.Poison - distinct)
            ? []
            : [$"counted {counted} + held {held} + quarantined {quarantined}, copies {copies}, where the log has {distinct} ids, {Recount.Poison} broken ones and {Recount.Total} records"]);
    }

    private async Task CheckSumsAsync(string experiment)
    {
        var started = (await platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{experiment}")).GetProperty("started_at").GetDateTimeOffset().ToUnixTimeMilliseconds();
        var arms = Recount.Of(experiment, experiment == experiments.ByUser, experiments.Purchase, started);
        var expected = Text(experiments.Variants.Select(v => arms.GetValueOrDefault(v)));
        var metrics = (await platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{experiment}/results")).GetProperty("metrics").EnumerateArray().Select(m => m.GetProperty("variants")).ToList();
        var stored = Text(Enumerable.Range(0, experiments.Variants.Count).Select(i =>
            (metrics[0][i].GetProperty("n").GetInt64(), (long)Sum(0, i), (long)Sum(1, i), (decimal)Sum(2, i))));
        Rule($"sums of {experiment}", expected == stored ? [] : [$"computed again {expected}; stored {stored}"]);

        double Sum(int metric, int variant) => metrics[metric][variant].GetProperty("sum").GetDouble();
    }

    /// <summary>What the live page shows, out of Redis alone, is what Postgres has: after Redis has forgotten everything.</summary>
    private async Task CheckRedisAsync()
    {
        await deployment.FlushRedisAsync();
        var since = Stopwatch.GetTimestamp();
        using var channel = GrpcChannel.ForAddress(platform.Grpc("statistics").ToString());
        using var limit = new CancellationTokenSource(RedisLimit);
        var shown = experiments.All.ToDictionary(e => e, _ => "nothing");
        var stored = new Dictionary<string, string>();
        foreach (var experiment in experiments.All) stored[experiment] = Text(await StoredAsync(experiment));
        try
        {
            using var watching = new StatisticsService.StatisticsServiceClient(channel.WithKey(platform.AdminKey)).WatchLive(new WatchLiveRequest(), cancellationToken: limit.Token);
            while (experiments.All.Any(e => shown[e] != stored[e]) && await watching.ResponseStream.MoveNext(limit.Token))
            {
                var counters = watching.ResponseStream.Current;
                shown[counters.Experiment] = Text(counters.Variants.Select(v => (v.Units, (long)v.Metrics[0].Sum, (long)v.Metrics[1].Sum, (decimal)v.Metrics[2].Sum)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException)
        {
            // It is told below.
        }

        Rebuilt = Stopwatch.GetElapsedTime(since);
        Rule("Redis after a rebuild", experiments.All.Where(e => shown[e] != stored[e]).Select(e => $"{e}: Redis {shown[e]}; Postgres {stored[e]}"));
    }

    private async Task<IEnumerable<(long, long, long, decimal)>> StoredAsync(string experiment)
    {
        var metrics = (await platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{experiment}/results")).GetProperty("metrics").EnumerateArray().Select(m => m.GetProperty("variants")).ToList();
        return Enumerable.Range(0, experiments.Variants.Count).Select(i => (N(i), (long)Sum(0, i), (long)Sum(1, i), (decimal)Sum(2, i)));

        long N(int variant) => metrics[0][variant].GetProperty("n").GetInt64();

        double Sum(int metric, int variant) => metrics[metric][variant].GetProperty("sum").GetDouble();
    }

    private static string Text(IEnumerable<(long Units, long Converted, long Orders, decimal Revenue)> arms) =>
        string.Join("; ", arms.Select(a => string.Create(CultureInfo.InvariantCulture, $"{a.Units} {a.Converted} {a.Orders} {a.Revenue:0.00}")));

    private void Rule(string what, IEnumerable<string> violations)
    {
        var found = violations.ToList();
        if (found.Count > 0) _broken.Add($"{what}: {found.Count}: {string.Join(", ", found.Take(Shown))}{(found.Count > Shown ? ", …" : "")}");
    }
}
