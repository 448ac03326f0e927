using System.Collections.Frozen;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// The whole of cro.events.v1 read from its beginning, and everything computed from it once more, by rules written down here and nowhere shared: the
/// first record of an id in its visitor's partition is the event; what came more than 72 hours after it happened is late.
/// </summary>
internal sealed class Recount
{
    public const string PoisonHeader = "cro-chaos-poison";

    private const long LatestMs = 72 * 3_600_000L;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<(string Visitor, string Id), Event> _first = [];

    /// <summary>How many records each id has.</summary>
    public Dictionary<string, int> Records { get; } = [];

    /// <summary>Where records stand that cannot be counted: unreadable, or first seen too late.</summary>
    public HashSet<(int Partition, long Offset)> Quarantined { get; } = [];

    public Dictionary<int, long> Ends { get; } = [];

    public long Total { get; private set; }

    public long Poison { get; private set; }

    public IEnumerable<Event> Events => _first.Values;

    public static Recount Read(string kafka)
    {
        var recount = new Recount();
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = kafka, GroupId = "chaos-recount", EnableAutoCommit = false }).Build();
        for (var partition = 0; partition < Topics.All.Single(t => t.Name == Topics.Events).Partitions; partition++) recount.Read(consumer, new TopicPartition(Topics.Events, partition));
        return recount;
    }

    /// <summary>Each variant's units, and the sums of each metric: conversions, purchases, revenue.</summary>
    public IReadOnlyDictionary<string, (long Units, long Converted, long Orders, decimal Revenue)> Of(string experiment, bool byUser, string purchase, long startedMs)
    {
        var arms = new Dictionary<string, (long Units, long Converted, long Orders, decimal Revenue)>();
        var units = _first.Values.Where(e => !IsLate(e)).GroupBy(e => byUser ? e.UserId : e.VisitorId).Where(g => g.Key.Length > 0);
        foreach (var unit in units)
        {
            var exposures = unit.Where(e => e.Exposure?.Experiment == experiment && e.TimestampMs >= startedMs).ToList();
            if (exposures.Select(e => e.Exposure.Variant).Distinct().Count() != 1) continue;
            var from = exposures.Min(e => e.TimestampMs);
            var orders = unit.Where(e => e.Type == purchase && e.TimestampMs >= from).ToList();
            var arm = arms.GetValueOrDefault(exposures[0].Exposure.Variant);
            arms[exposures[0].Exposure.Variant] =
                (arm.Units + 1, arm.Converted + (orders.Count > 0 ? 1 : 0), arm.Orders + orders.Count, arm.Revenue + orders.Sum(e => e.ValueE4 / 10_000m));
        }

        return arms;
    }

    /// <summary>Each visitor's distinct ids.</summary>
    public FrozenDictionary<string, string[]> Ids() => _first.Keys.GroupBy(k => k.Visitor, k => k.Id).ToFrozenDictionary(g => g.Key, g => g.ToArray());

    private static bool IsLate(Event read) => read.ReceivedMs - read.TimestampMs > LatestMs;

    private void Read(IConsumer<byte[], byte[]> consumer, TopicPartition partition)
    {
        var end = consumer.QueryWatermarkOffsets(partition, Patience).High.Value;
        Ends[partition.Partition.Value] = end;
        if (end == 0) return;
        consumer.Assign(new TopicPartitionOffset(partition, 0));
        for (var next = 0L; next < end;)
        {
            var record = consumer.Consume(Patience) ?? throw new BenchException($"{partition} does not answer");
            next = record.Offset.Value + 1;
            Total++;
            Take(record);
        }
    }

    private void Take(ConsumeResult<byte[], byte[]> record)
    {
        var place = (record.Partition.Value, record.Offset.Value);
        if (record.Message.Headers.TryGetLastBytes(PoisonHeader, out _))
        {
            Poison++;
            Quarantined.Add(place);
            return;
        }

        var read = Event.Parser.ParseFrom(record.Message.Value);
        Records[read.Id] = Records.GetValueOrDefault(read.Id) + 1;
        if (_first.TryAdd((read.VisitorId, read.Id), read) && IsLate(read)) Quarantined.Add(place);
    }
}
