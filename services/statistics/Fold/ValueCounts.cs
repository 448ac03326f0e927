using System.Collections.Immutable;
using System.Runtime.InteropServices;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>A unit's outcomes with what tells its group.</summary>
internal readonly record struct UnitOutcomes(Experiment Experiment, string Unit, ImmutableArray<Outcome> Outcomes);

/// <summary>
/// How often each value occurred, by a whole number: a funnel's steps taken, or a bucket of a group's quantile sketch. Counts add up, so
/// they are the same in any order, and what was added can be taken out.
/// </summary>
internal sealed class ValueCounts
{
    /// <summary>Groups of units of a quantile sketch: their spread gives its error, with 39 degrees of freedom.</summary>
    public const int Groups = 40;

    /// <summary>Above twice the largest bucket's number, which at a relative error of 1 % is 3 110.</summary>
    private const int GroupSize = 8_192;

    private static readonly QuantileSketch Buckets = new();
    private static readonly GroupedQuantileSketch Grouped = new(Groups);

    private readonly Dictionary<int, long> _counts = [];

    public IReadOnlyDictionary<int, long> All => _counts;

    /// <summary>By key.</summary>
    public IEnumerable<(int Key, long Count)> InOrder()
    {
        var keys = _counts.Keys.ToArray();
        Array.Sort(keys);
        foreach (var key in keys) yield return (key, _counts[key]);
    }

    public void Add(UnitOutcomes unit, int metric, int sign)
    {
        var values = unit.Outcomes[metric].Values;
        if (unit.Experiment.Metrics[metric].Kind != MetricKind.Quantile)
        {
            foreach (var value in values) Add((int)value, sign);
            return;
        }

        var group = Grouped.GroupOf(UnitHash.Of(unit.Unit)) * GroupSize + GroupSize / 2;
        foreach (var value in values) Add(group + Buckets.BucketOf(Scaled.ToDouble(value)), sign);
    }

    public void Add(int key, long count)
    {
        ref var total = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, key, out _);
        total += count;
        if (total == 0) _counts.Remove(key);
    }

    /// <param name="sign">1, or −1 to take them out again.</param>
    public void Merge(ValueCounts other, int sign = 1)
    {
        foreach (var (key, count) in other._counts) Add(key, sign * count);
    }

    /// <summary>The counts of a quantile as the sketch that they are of.</summary>
    public GroupedQuantileSketch ToSketch()
    {
        var sketch = new GroupedQuantileSketch(Groups);
        if (_counts.Count == 0) return sketch;
        var (lowest, highest) = (_counts.Keys.Min(BucketOf), _counts.Keys.Max(BucketOf));
        foreach (var (key, count) in _counts)
        {
            var group = sketch.Groups[key / GroupSize];
            group.Reserve(lowest, highest);
            group.AddBucket(BucketOf(key), count);
        }

        return sketch;
    }

    private static int BucketOf(int key) => key % GroupSize - GroupSize / 2;

    /// <summary>How many units took at least this many steps of a funnel.</summary>
    public long AtLeast(int steps) => _counts.Where(c => c.Key >= steps).Sum(c => c.Value);
}
