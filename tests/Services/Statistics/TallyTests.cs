using System.Text.Json;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Statistics;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>
/// Simulated traffic with every kind of metric, edges of windows, caps, crossovers, forged variants, pauses, copies, late and held events,
/// against the tally that reference/tally.py makes of it with scipy.
/// </summary>
public sealed class TallyTests
{
    private const long Start = 1_700_000_000_000;

    [Test]
    public async Task Results_OfSimulatedTraffic_AreThoseOfAnIndependentTally([Range(1, 5)] int seed)
    {
        var tally = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(TestContext.CurrentContext.TestDirectory, "reference", "tally-days.json"))).RootElement;
        var experiment = ExperimentOf(tally);
        var aggregates = await FoldAsync(tally, experiment, new Random(seed));
        var numbers = new Numbers([.. aggregates.Cells.Select(c => (c.Key, c.Value))], aggregates.Exclusions, IsComplete: true);
        var results = Analyst.Analyse(experiment, numbers, [], DateTimeOffset.FromUnixTimeMilliseconds(Start));
        ExpectedFigures.Compare(JsonSerializer.SerializeToNode(results, ExperimentResults.Json)!, tally.GetProperty("expected"));
    }

    private static Experiment ExperimentOf(JsonElement tally)
    {
        var metrics = tally.GetProperty("metrics").Deserialize<List<MetricRequest>>(JsonBody.Options)!;
        Assert.That(metrics.SelectMany(MetricRules.Check), Is.Empty);
        Assert.That(metrics.Select(m => MetricKinds.Parse(m.Kind!)!.Value).Distinct(), Is.EquivalentTo(Enum.GetValues<MetricKind>()));
        var periods = tally.GetProperty("periods").EnumerateArray().Select(p => new Period(Start + p[0].GetInt64(), Start + p[1].GetInt64())).ToList();
        return new Experiment
        {
            Site = "s",
            Key = "e",
            Version = 1,
            EffectiveMs = Start,
            Status = ExperimentStatus.Completed,
            Assignment = AssignmentMode.External,
            Variants = [.. new[] { "a", "b", "c" }.Select(v => new Variant(v, v))],
            Metrics = [.. metrics.Select(m => MetricDraft.ToMetric(m, null))],
            Phases = [new Phase { Index = 0, Weights = [1 / 3.0, 1 / 3.0, 1 / 3.0], Seed = "e", Periods = [.. periods] }],
            StoppedMs = periods[^1].ToMs,
        };
    }

    /// <summary>In a random order with copies, in batches; the experiment becomes known on the way, and the process dies now and then.</summary>
    private static async Task<Aggregates> FoldAsync(JsonElement tally, Experiment experiment, Random random)
    {
        var events = tally.GetProperty("events").EnumerateArray().Select(EventOf).ToList();
        var log = events.Concat(events.Where(_ => random.Next(4) == 0)).ToArray();
        random.Shuffle(log);
        var (rows, catalog, known) = (new MemoryRows(), Catalog.Empty, random.Next(log.Length));
        var fold = Open();
        for (var offset = 0; offset < log.Length;)
        {
            if (offset >= known && catalog == Catalog.Empty) Publish();
            var batch = log.Skip(offset).Take(random.Next(1, 300)).Select((e, i) => FoldInput.Record(e, offset + i)).ToList();
            await fold.FoldAsync(batch, CancellationToken.None);
            offset += batch.Count;
            if (random.Next(2) == 0) await fold.CheckpointAsync(CancellationToken.None);
            if (random.Next(8) != 0) continue;
            offset = (int)rows.Next;
            fold = Open();
        }

        if (catalog == Catalog.Empty) Publish();
        await fold.TickAsync(CancellationToken.None);
        await fold.CheckpointAsync(CancellationToken.None);
        return rows.Open(catalog).Aggregates;

        void Publish() => catalog = catalog.With(experiment).WithCurrent("s", "e", 1);

        PartitionFold Open() => new(rows, rows.Open(catalog), () => catalog, new StatisticsOptions { CachedUnits = 100 }, FoldInput.Metrics, NullLogger.Instance, PartitionFold.NothingLinked);
    }

    private static Event EventOf(JsonElement row)
    {
        var time = Start + row.GetProperty("time").GetInt64();
        var read = new Event
        {
            Site = "s",
            Id = row.GetProperty("id").GetString(),
            VisitorId = row.GetProperty("unit").GetString(),
            Type = row.GetProperty("type").GetString(),
            TimestampMs = time,
            ReceivedMs = time + row.GetProperty("delay").GetInt64(),
            Schema = 1,
        };
        if (row.GetProperty("value").GetString() is { } value)
        {
            Scaled.TryFrom(decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture), out var scaled);
            read.ValueE4 = scaled;
        }

        if (row.GetProperty("properties") is { ValueKind: JsonValueKind.Object } properties) read.PropertiesJson = ByteString.CopyFromUtf8(properties.GetRawText());
        if (row.GetProperty("variant").GetString() is { } variant) read.Exposure = new Exposure { Experiment = "e", Variant = variant };
        return read;
    }
}
