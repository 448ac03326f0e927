using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Bayesian;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>What a method says of one treatment against the control on one metric: whether there is an effect, and within which bounds.</summary>
/// <param name="Difference">Treatment − control with the method's interval.</param>
/// <param name="Lift">The same as a share of the control.</param>
/// <param name="IsSignificant">The effect is there, in the direction of the difference.</param>
/// <param name="Text">The figure that decided, say "p = 0.01".</param>
internal sealed record Evidence(Computed<Estimate> Difference, Computed<Estimate> Lift, bool IsSignificant, string Text)
{
    public static Evidence None(NotComputable missing) => new(missing, missing, false, missing.Code);

    /// <summary>One look: no other may have been taken.</summary>
    public static Evidence Fixed(ArmComparison arms, double alpha)
    {
        var comparison = arms.At(1 - alpha);
        return new Evidence(
            comparison.Difference, comparison.Lift, comparison.IsSignificant, comparison.Test.TryGet(out var test) ? $"p = {test.PValue:g3}" : "no p");
    }

    /// <summary>Valid however often one looks.</summary>
    public static Evidence AlwaysValid(ArmComparison arms, double alpha, DecisionRule rule) =>
        Sequence(arms, alpha, rule).TryGet(out var sequence)
            ? new Evidence(sequence.Difference, sequence.Lift, !sequence.Difference.Value.Interval.Contains(0), $"always-valid p = {sequence.PValue:g3}")
            : None(Sequence(arms, alpha, rule).Missing!.Value);

    /// <summary>The confidence sequence, narrowest at the planned number of units, with the always-valid p-value.</summary>
    public static Computed<(Computed<Estimate> Difference, Computed<Estimate> Lift, double PValue, double LogPValue)> Sequence(
        ArmComparison arms, double alpha, DecisionRule rule) => arms.Means.Then(means =>
    {
        var tuned = means.DifferenceError * Math.Sqrt(arms.Units / (2.0 * Planned(rule)));
        return CroPlatform.Statistics.Sequential.AlwaysValid.ConfidenceSequence(means.Difference, means.DifferenceError, tuned, 1 - alpha).Map(result =>
        {
            var multiplier = (result.Estimate.Interval.High - result.Estimate.Value) / means.DifferenceError;
            return (means.DifferenceWithin(multiplier), means.LiftWithin(multiplier), result.PValue, result.LogPValue);
        });
    });

    /// <summary>By posterior probability: better or worse with the credibility 1 − alpha; no correction for many questions, none for many looks.</summary>
    public static Evidence Bayesian(ArmComparison arms, double alpha) => Posterior(arms, 1 - alpha).TryGet(out var posterior)
        ? new Evidence(
            posterior.Difference, posterior.Lift,
            Math.Max(posterior.ProbabilityBeatsControl, 1 - posterior.ProbabilityBeatsControl) >= 1 - alpha, $"P(better) = {posterior.ProbabilityBeatsControl:0.000}")
        : None(Posterior(arms, 1 - alpha).Missing!.Value);

    /// <summary>Flat priors: beta-binomial for 0 and 1, normal for everything else.</summary>
    public static Computed<BayesianComparison> Posterior(ArmComparison arms, double credibility) => PosteriorsOf(arms).Then(
        p => BayesianComparison.Of(p.Control, p.Treatment, credibility, arms.Metric.Decrease));

    public static Computed<(Posterior Control, Posterior Treatment)> PosteriorsOf(ArmComparison arms)
    {
        if (arms.Metric.IsBinary && !arms.IsStratified)
        {
            var (control, treatment) = arms.Compared;
            return BetaPrior.Flat.Update(control.Proportion).Then(c => BetaPrior.Flat.Update(treatment.Proportion).Map(t => ((Posterior)c, (Posterior)t)));
        }

        return arms.Means.Then(m =>
        {
            var prior = NormalPrior.Flat((m.Control + m.Treatment) / 2, Math.Sqrt((m.ControlVariance + m.TreatmentVariance) * Math.Max(1, arms.Units)));
            return prior.Update(m.Control, m.ControlVariance).Then(c => prior.Update(m.Treatment, m.TreatmentVariance).Map(t => ((Posterior)c, (Posterior)t)));
        });
    }

    /// <summary>Units in each arm for which a confidence sequence is tuned. Any number is valid; a good one is sharper.</summary>
    private static long Planned(DecisionRule rule) => Math.Max(rule.MinSample, 5_000);
}
