using CroPlatform.Experimentation;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>What one treatment's matured figures say, by the experiment's method.</summary>
internal sealed class ArmJudgement
{
    private readonly Experiment _experiment;
    private readonly IReadOnlyList<Look> _looks;
    private readonly double _alpha;
    private readonly List<Reason> _reasons = [];
    private bool _isBetter;
    private bool _reachesMinimum;
    private bool _holdsGuardrails = true;
    private double _leastCriterion;

    public ArmJudgement(Experiment experiment, Numbers numbers, IReadOnlyList<Look> looks, int variant, long nowMs)
    {
        (_experiment, _looks) = (experiment, looks);
        Variant = experiment.Variants[variant].Key;
        var success = experiment.Metrics.Count(m => !m.Guardrail);
        _alpha = (1 - experiment.Decision.Confidence) / Math.Max(1, success * (experiment.Variants.Length - 1));
        IsEquivalent = success > 0;
        for (var i = 0; i < experiment.Metrics.Length; i++)
        {
            var metric = experiment.Metrics[i];
            var arms = ArmComparison.Of(experiment, i, numbers.Matured(experiment, metric, nowMs).ArmsByPhase(experiment, i), variant);
            if (metric.Guardrail) Guard(metric, Of(arms, 1 - experiment.Decision.Confidence));
            else Weigh(metric, arms, Of(arms, _alpha));
        }

        if (success > 0 && experiment.Decision.Rule == WinnerRule.Criterion)
        {
            _reasons.Add(new Reason("criterion", $"{Variant}: the weighted criterion is {Criterion:+0.0%;-0.0%}, at least {_leastCriterion:+0.0%;-0.0%}"));
        }
    }

    public string Variant { get; }
    public bool IsWorse { get; private set; }
    public bool BreaksGuardrail { get; private set; }
    public bool IsEquivalent { get; private set; }

    /// <summary>Weighted sum of the success metrics' lifts in their own directions.</summary>
    public double Criterion { get; private set; }

    public bool IsWinner => _holdsGuardrails && !BreaksGuardrail && (_experiment.Decision.Rule == WinnerRule.Criterion
        ? _leastCriterion > 0 && Criterion >= _experiment.Decision.MinEffect
        : _isBetter && _reachesMinimum && !IsWorse);

    public IReadOnlyList<Reason> Reasons => _reasons;

    private Evidence Of(ArmComparison arms, double alpha) => _experiment.Decision.Method switch
    {
        DecisionMethod.AlwaysValid => Evidence.AlwaysValid(arms, alpha, _experiment.Decision),
        DecisionMethod.GroupSequential => LookPlan.Judge(_looks, arms.Metric.Key, Variant, alpha),
        DecisionMethod.Bayesian => Evidence.Bayesian(arms, 1 - _experiment.Decision.Confidence),
        _ => Evidence.Fixed(arms, alpha),
    };

    private void Weigh(Metric metric, ArmComparison arms, Evidence evidence)
    {
        var minEffect = _experiment.Decision.MinEffect;
        var isBounded = evidence.Lift.TryGet(out var estimate);
        var lift = isBounded ? estimate.Value : (double?)null;
        var gain = metric.Decrease ? -lift : lift;
        Criterion += metric.Weight * (gain ?? 0);
        // The sum of bounds that hold together bounds the sum, whatever the metrics have to do with each other.
        _leastCriterion += metric.Weight * (isBounded ? metric.Decrease ? -estimate.Interval.High : estimate.Interval.Low : double.NegativeInfinity);
        var within = minEffect > 0 && isBounded && estimate.Interval.Low > -minEffect && estimate.Interval.High < minEffect;
        IsEquivalent &= within;
        var effect = lift is { } known ? $"lift {known:+0.0%;-0.0%}" : "lift not computable";
        if (!evidence.IsSignificant)
        {
            _reasons.Add(new Reason(within ? "equivalent" : "not_significant", $"{Variant}, {metric.Key}: {effect}, {evidence.Text}"));
            return;
        }

        var isGain = evidence.Difference.Value.Value > 0 != metric.Decrease;
        _reasons.Add(new Reason(isGain ? "better" : "worse", $"{Variant}, {metric.Key}: {effect}, {evidence.Text}"));
        if (!isGain)
        {
            IsWorse = true;
            return;
        }

        if (!RisksLittle(metric, arms)) return;
        _isBetter = true;
        if (gain is null || gain >= minEffect) _reachesMinimum = true;
        else _reasons.Add(new Reason("below_min_effect", $"{Variant}, {metric.Key}: {effect}, where {minEffect:0.0%} is worth shipping"));
    }

    /// <summary>A Bayesian verdict also weighs what is lost if it is wrong.</summary>
    private bool RisksLittle(Metric metric, ArmComparison arms)
    {
        if (_experiment.Decision.Method != DecisionMethod.Bayesian) return true;
        if (!Evidence.Posterior(arms, _experiment.Decision.Confidence).TryGet(out var posterior) || !arms.Means.TryGet(out var means)) return false;
        var risked = posterior.ExpectedLoss / Math.Abs(means.Control);
        if (risked <= _experiment.Decision.MaxLoss) return true;
        _reasons.Add(new Reason("expected_loss", $"{Variant}, {metric.Key}: the expected loss is {risked:0.00%} of the control's, where {_experiment.Decision.MaxLoss:0.00%} may be risked"));
        return false;
    }

    /// <summary>Without a margin a guardrail holds unless it is significantly worse; with one it must be proven not to be worse by more.</summary>
    private void Guard(Metric metric, Evidence evidence)
    {
        if (!evidence.Lift.TryGet(out var lift))
        {
            _reasons.Add(new Reason("guardrail_unknown", $"{Variant}, {metric.Key}: not computable"));
            _holdsGuardrails &= metric.Margin <= 0;
            return;
        }

        var worst = metric.Decrease ? -lift.Interval.High : lift.Interval.Low;
        var best = metric.Decrease ? -lift.Interval.Low : lift.Interval.High;
        var isWorse = best < 0;
        var isBroken = best < -metric.Margin;
        var isHeld = metric.Margin > 0 ? worst > -metric.Margin : !isWorse;
        BreaksGuardrail |= isBroken;
        // Worse, though by no more than the margin: nothing that is worse is shipped by the risk-aware rule.
        _holdsGuardrails &= isHeld && (!isWorse || _experiment.Decision.Rule == WinnerRule.Criterion);
        var code = isBroken ? "guardrail_broken" : isWorse ? "guardrail_worse" : isHeld ? "guardrail_held" : "guardrail_unproven";
        _reasons.Add(new Reason(code, $"{Variant}, {metric.Key}: lift {lift.Value:+0.0%;-0.0%}, {evidence.Text}"));
    }
}
