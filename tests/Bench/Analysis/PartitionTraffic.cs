using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using Google.Protobuf;
using Exposure = CroPlatform.Contracts.Events.Exposure;

namespace CroPlatform.Bench.Analysis;

/// <summary>What is measured: each unit is in two experiments of ten metrics, and each dimension has so many values.</summary>
/// <param name="Events">Events a unit, its two exposures among them.</param>
internal sealed record AnalysisCase(int Units, int Experiments, int Values, int Events)
{
    public int AllEvents => Units * Events;
}

/// <summary>Records of one partition, drawn from a seed. A unit's first two events show it two experiments, all others are of five types.</summary>
internal sealed class PartitionTraffic(AnalysisCase its)
{
    public const long Start = 1_700_000_000_000;

    private readonly Random _random = new(1);

    public Catalog Catalog { get; } = Enumerable.Range(0, its.Experiments).Select(ExperimentOf)
        .Aggregate(Catalog.Empty.With(new Site("s", "UTC", [])), (catalog, e) => catalog.With(e).WithCurrent("s", e.Key, 1));

    public ConsumeResult<byte[], byte[]> Next(int index)
    {
        var e = Event(index);
        return new ConsumeResult<byte[], byte[]>
        {
            TopicPartitionOffset = new TopicPartitionOffset(Topics.Events, 0, index),
            Message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(Topics.UnitKey(e.Site, e.VisitorId)), Value = e.ToByteArray() },
        };
    }

    private static Experiment ExperimentOf(int index) => new()
    {
        Site = "s",
        Key = $"e{index}",
        Version = 1,
        EffectiveMs = Start,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics = [.. Enumerable.Range(0, 10).Select(m => new Metric
        {
            Key = $"m{m}", Kind = m % 3 == 0 ? MetricKind.Conversion : m % 3 == 1 ? MetricKind.Sum : MetricKind.Count, Event = $"t{m % 5}", WindowHours = 24 * 7,
        })],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = $"e{index}", Periods = [new Period(Start, 0)] }],
    };

    private Event Event(int index)
    {
        var unit = index < 2 * its.Units ? index % its.Units : _random.Next(its.Units);
        var time = Start + index * 10L;
        var read = new Event { Site = "s", Id = $"id-{index}", VisitorId = $"visitor-{unit}", TimestampMs = time, ReceivedMs = time + 200, Schema = 1 };
        if (index < 2 * its.Units)
        {
            var value = unit % its.Values;
            read.Type = "exposure";
            read.Exposure = new Exposure { Experiment = $"e{(unit + index / its.Units) % its.Experiments}", Variant = unit % 2 == 0 ? "a" : "b" };
            read.ContextJson = ByteString.CopyFromUtf8(
                $$"""{"device_type":"device-{{value}}","country":"country-{{value}}","city":"city-{{value}}","browser":"browser-{{value}}"}""");
            return read;
        }

        read.Type = $"t{_random.Next(5)}";
        read.ValueE4 = _random.Next(1, 1_000_000);
        return read;
    }
}
