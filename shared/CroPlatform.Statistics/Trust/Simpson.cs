using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Statistics.Trust;

/// <summary>Does pooling segments turn the effect round?</summary>
/// <param name="Pooled">Difference of rates with all segments thrown together.</param>
/// <param name="Stratified">Difference within segments, combined (Mantel-Haenszel).</param>
/// <param name="Opposed">Segments whose own difference points against the pooled one.</param>
/// <param name="MixTest">Whether the arms' mixes of segments differ beyond chance: without that there is no paradox, only noise.</param>
public sealed record SimpsonResult(Estimate Pooled, Estimate Stratified, IReadOnlyList<int> Opposed, Computed<TestResult> MixTest)
{
    /// <summary>The pooled and the stratified difference have opposite signs.</summary>
    public bool IsReversed => Math.Sign(Pooled.Value) * Math.Sign(Stratified.Value) < 0;

    /// <summary>Source of the paradox: Simpson, JRSS B 13 (1951); of the check on mixes: Kohavi, Tang, Xu (2020), ch. 3.</summary>
    public static Computed<SimpsonResult> Of(IReadOnlyList<(Proportion Control, Proportion Treatment)> segments, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(segments);
        return MantelHaenszel.RiskDifference(segments, confidence).Then(stratified =>
        {
            var control = new Proportion(segments.Sum(s => s.Control.Successes), segments.Sum(s => s.Control.Trials));
            var treatment = new Proportion(segments.Sum(s => s.Treatment.Successes), segments.Sum(s => s.Treatment.Trials));
            return TwoProportions.Difference(control, treatment, confidence).Map(pooled =>
            {
                var mix = new long[segments.Count, 2];
                for (var i = 0; i < segments.Count; i++)
                    (mix[i, 0], mix[i, 1]) = (segments[i].Control.Trials, segments[i].Treatment.Trials);
                var opposed = Enumerable.Range(0, segments.Count)
                    .Where(i => segments[i].Control.Trials > 0 && segments[i].Treatment.Trials > 0
                        && (segments[i].Treatment.Rate - segments[i].Control.Rate) * pooled.Value < 0).ToArray();
                return new SimpsonResult(pooled, stratified, opposed, ContingencyTable.ChiSquare(mix));
            });
        });
    }
}
