using Confluent.Kafka;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Fold;
using Microsoft.Extensions.Logging.Abstractions;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>One partition of cro.events.v1: its log, its rows, and a fold that can be killed and opened again.</summary>
internal sealed class PartitionRun(Catalog catalog, int hours)
{
    public const long T0 = 1_700_000_000_000;

    private readonly List<ConsumeResult<byte[], byte[]>> _log = [];
    private PartitionFold? _fold;
    private int _hours = hours;

    /// <summary>The site s with the running external experiment ext, which sums purchases.</summary>
    public static Catalog WithExperiment { get; } = Catalog.Empty.With(new Experiment
    {
        Site = "s",
        Key = "ext",
        Version = 1,
        EffectiveMs = T0,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics = [new Metric { Key = "s", Kind = MetricKind.Sum, Event = "purchase" }],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "ext", Periods = [new Period(T0, 0)] }],
    }).WithCurrent("s", "ext", 1);

    public Catalog Catalog { get; set; } = catalog;

    public MemoryRows Rows { get; } = new();

    /// <summary>Opens it again with another bound of lateness.</summary>
    public void Restart(int hours) => (_hours, _fold) = (hours, null);

    /// <summary>Appends events to the log and folds to its end.</summary>
    /// <param name="disturb">Folds in small batches, with checkpoints and kills in between.</param>
    public async Task<MemoryRows> FoldAsync(IReadOnlyList<Event> events, Random? disturb = null)
    {
        foreach (var e in events) _log.Add(FoldInput.Record(e, _log.Count));
        var at = (int)Rows.Next;
        do
        {
            _fold ??= new PartitionFold(
                Rows, Rows.Open(Catalog), () => Catalog, new StatisticsOptions { MaxLatenessHours = _hours }, FoldInput.Metrics, NullLogger.Instance, FindLinkedAsync);
            var batch = _log.Skip(at).Take(disturb?.Next(1, 10) ?? 1_000).ToList();
            await _fold.FoldAsync(batch, CancellationToken.None);
            at += batch.Count;
            if (disturb is null || disturb.Next(3) == 0) await _fold.CheckpointAsync(CancellationToken.None);
            if (disturb?.Next(4) != 0) continue;
            (at, _fold) = ((int)Rows.Next, null);
        }
        while (at < _log.Count || _fold is null);

        await _fold.CheckpointAsync(CancellationToken.None);
        return Rows;
    }

    /// <summary>What the log's reader would find.</summary>
    private Task<IReadOnlyCollection<(string Unit, FactId Id)>> FindLinkedAsync(Erasure erasure, int lane, long to, CancellationToken ct) =>
        Task.FromResult<IReadOnlyCollection<(string, FactId)>>(
            [.. _log.Take((int)to).Select(r => EventReading.LinkOf(r, Erasures.None.With(erasure))).OfType<(string, FactId)>()]);
}
