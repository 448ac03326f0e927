using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.Multiplicity;

namespace CroPlatform.Statistics.Segments;

/// <summary>How segments share the error.</summary>
public enum SegmentCorrection
{
    Holm,
    Hochberg,
    BenjaminiHochberg,
    BenjaminiYekutieli,
}

/// <summary>The effect in one segment of a pre-declared dimension.</summary>
/// <param name="Dimension">Declared before the test: device, country …</param>
/// <param name="Segment">Its value.</param>
/// <param name="Comparison">Treatment against control within it, intervals at the Bonferroni confidence over all segments.</param>
/// <param name="AdjustedPValue">Over all segments of all dimensions that can be judged.</param>
/// <param name="Shrunk">The difference drawn towards its dimension's mean: what to believe of a segment that stands out.</param>
public sealed record SegmentEffect(
    string Dimension, string Segment, Comparison Comparison, Computed<double> AdjustedPValue, Computed<EffectEstimate> Shrunk);

/// <summary>Whether the effect differs between the segments of a dimension (Cochran's Q), adjusted over dimensions by Holm.</summary>
public sealed record DimensionHeterogeneity(string Dimension, Computed<TestResult> Interaction, Computed<double> AdjustedPValue);

/// <summary>
/// Heterogeneous effects along pre-declared dimensions, with the error shared among everything that was looked at.
/// Source: Wang, Lagakos, Ware, Hunter, Drazen, "Statistics in medicine: reporting of subgroup analyses", NEJM 357 (2007).
/// </summary>
public sealed record SegmentEffects(IReadOnlyList<SegmentEffect> Segments, IReadOnlyList<DimensionHeterogeneity> Dimensions)
{
    /// <summary>Conversions by segment.</summary>
    public static Computed<SegmentEffects> Of(
        IReadOnlyList<(string Dimension, string Segment, Proportion Control, Proportion Treatment)> segments,
        double confidence = 0.95, SegmentCorrection correction = SegmentCorrection.Holm)
    {
        ArgumentNullException.ThrowIfNull(segments);
        return Analyze(segments.Select(s => (s.Dimension, s.Segment)).ToArray(), confidence, correction,
            (i, level) => TwoProportions.Compare(segments[i].Control, segments[i].Treatment, level));
    }

    /// <summary>Means by segment.</summary>
    public static Computed<SegmentEffects> Of(
        IReadOnlyList<(string Dimension, string Segment, SampleSummary Control, SampleSummary Treatment)> segments,
        double confidence = 0.95, SegmentCorrection correction = SegmentCorrection.Holm)
    {
        ArgumentNullException.ThrowIfNull(segments);
        return Analyze(segments.Select(s => (s.Dimension, s.Segment)).ToArray(), confidence, correction,
            (i, level) => WelchT.Compare(segments[i].Control, segments[i].Treatment, level));
    }

    private static Computed<SegmentEffects> Analyze(
        (string Dimension, string Segment)[] names, double confidence, SegmentCorrection correction, Func<int, double, Comparison> compare)
    {
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (names.Length == 0)
            return NotComputable.TooFewUnits("There are no segments.");
        var level = 1 - (1 - confidence) / names.Length;
        var comparisons = names.Select((_, i) => compare(i, level)).ToArray();
        var adjusted = Adjust(comparisons.Select(c => c.Test.Map(t => t.PValue)).ToArray(), correction);
        var effects = comparisons.Select(c => c.Difference.Map(d => new EffectEstimate(d.Value, d.StandardError!.Value))).ToArray();
        var shrunk = new Computed<EffectEstimate>[names.Length];
        var interactions = new List<(string Dimension, Computed<TestResult> Test)>();
        foreach (var dimension in names.Select(n => n.Dimension).Distinct(StringComparer.Ordinal))
        {
            var members = Enumerable.Range(0, names.Length)
                .Where(i => string.Equals(names[i].Dimension, dimension, StringComparison.Ordinal) && effects[i].IsComputed).ToArray();
            var own = members.Select(i => effects[i].Value).ToArray();
            interactions.Add((dimension, MetaAnalysis.FixedEffect(own).Map(m => m.Heterogeneity)));
            var pulled = MetaAnalysis.Shrink(own);
            for (var k = 0; k < members.Length; k++)
                shrunk[members[k]] = pulled.IsComputed ? pulled.Value[k] : pulled.Missing!.Value;
        }
        var between = Adjust(interactions.Select(d => d.Test.Map(t => t.PValue)).ToArray(), SegmentCorrection.Holm);
        return new SegmentEffects(
            names.Select((name, i) => new SegmentEffect(name.Dimension, name.Segment, comparisons[i], adjusted[i], shrunk[i])).ToArray(),
            interactions.Select((d, i) => new DimensionHeterogeneity(d.Dimension, d.Test, between[i])).ToArray());
    }

    /// <summary>Adjusts those that could be computed; the others keep their reason and cost nothing.</summary>
    private static Computed<double>[] Adjust(Computed<double>[] pValues, SegmentCorrection correction)
    {
        var used = pValues.Where(p => p.IsComputed).Select(p => p.Value).ToArray();
        var adjusted = (correction switch
        {
            SegmentCorrection.Hochberg => PValueAdjustment.Hochberg(used),
            SegmentCorrection.BenjaminiHochberg => PValueAdjustment.BenjaminiHochberg(used),
            SegmentCorrection.BenjaminiYekutieli => PValueAdjustment.BenjaminiYekutieli(used),
            _ => PValueAdjustment.Holm(used),
        }).Value;
        var next = 0;
        return pValues.Select(p => p.IsComputed ? adjusted[next++] : p).ToArray();
    }
}
