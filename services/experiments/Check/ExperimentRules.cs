using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

internal static class ExperimentRules
{
    private const int MinVariants = 2;
    private const int MaxVariants = 20;
    private const int MaxMetrics = 50;
    private const double WeightTolerance = 1e-6;

    public static IReadOnlyList<FieldProblem> Check(ExperimentRequest request)
    {
        var problems = new FieldProblems();
        problems.Key(request.Key, "key");
        problems.Text(request.Name, "name", 200);
        problems.Text(request.Hypothesis, "hypothesis", 4_000);
        problems.Text(request.Seed, "seed", 200);
        problems.Range(request.Coverage, "coverage", 0, 1);
        if (request.Unit is { } unit && unit != UnitTypes.Visitor)
        {
            if (UnitTypes.IsKnown(unit)) problems.NotSupported("unit", "only visitor is accepted yet");
            else problems.Add("out_of_range", "unit", "unit must be visitor, user, account or device");
        }

        problems.Condition(request.Targeting, "targeting");
        if (request.Layers is not null) problems.NotSupported("layers", "layers cannot be evaluated yet");
        if (request.Assignment is not (null or "platform" or "external")) problems.Add("out_of_range", "assignment", "assignment must be platform or external");
        CheckVariants(request.Variants, problems);
        CheckMetrics(request.Metrics, problems);
        if (request.Decision is { } decision) CheckDecision(decision, problems);
        return problems.All;
    }

    private static void CheckVariants(IReadOnlyList<VariantRequest?>? variants, FieldProblems problems)
    {
        if (variants is null)
        {
            problems.Missing("variants");
            return;
        }

        if (variants.Count is < MinVariants or > MaxVariants)
        {
            problems.Add("out_of_range", "variants", $"an experiment has {MinVariants} to {MaxVariants} variants");
            return;
        }

        for (var i = 0; i < variants.Count; i++)
        {
            var field = $"variants[{i}]";
            if (variants[i] is not { } variant)
            {
                problems.Add("wrong_type", field, $"{field} must be an object");
                return;
            }

            problems.Key(variant.Key, $"{field}.key");
            problems.Text(variant.Name, $"{field}.name", 200);
            problems.Range(variant.Weight, $"{field}.weight", 0, 1);
        }

        if (variants.Select(v => v!.Key).Distinct().Count() < variants.Count) problems.Add("duplicate_key", "variants", "each variant needs a key of its own");
        if (variants.Count(v => v!.Control == true) > 1) problems.Add("out_of_range", "variants", "only one variant can be the control");
        CheckWeights(variants, problems);
    }

    private static void CheckWeights(IReadOnlyList<VariantRequest?> variants, FieldProblems problems)
    {
        var weighted = variants.Count(v => v!.Weight is not null);
        if (weighted == 0) return;
        if (weighted < variants.Count) problems.Add("missing", "variants", "give every variant a weight, or none");
        else if (Math.Abs(variants.Sum(v => v!.Weight!.Value) - 1) > WeightTolerance) problems.Add("out_of_range", "variants", "weights are fractions and must sum to 1");
    }

    private static void CheckMetrics(IReadOnlyList<MetricReference?>? metrics, FieldProblems problems)
    {
        if (metrics is not { Count: > 0 })
        {
            problems.Missing("metrics");
            return;
        }

        if (metrics.Count > MaxMetrics) problems.Add("out_of_range", "metrics", $"an experiment has at most {MaxMetrics} metrics");
        for (var i = 0; i < metrics.Count; i++)
        {
            problems.Key(metrics[i]?.Key, $"metrics[{i}].key");
            problems.Range(metrics[i]?.Weight, $"metrics[{i}].weight", 0, 1_000_000);
        }

        if (metrics.Select(m => m?.Key).Distinct().Count() < metrics.Count) problems.Add("duplicate_key", "metrics", "a metric is named twice");
    }

    private static void CheckDecision(DecisionRequest decision, FieldProblems problems)
    {
        if (decision.Method is "always_valid" or "group_sequential" or "bayesian")
        {
            problems.NotSupported("decision.method", "only fixed is accepted yet");
        }
        else if (decision.Method is not (null or "fixed"))
        {
            problems.Add("out_of_range", "decision.method", "method must be fixed, always_valid, group_sequential or bayesian");
        }

        problems.Range(decision.Confidence, "decision.confidence", 0.5, 0.9999);
        problems.Range(decision.MinEffect, "decision.min_effect", 0, 10);
        problems.Range(decision.MinSample, "decision.min_sample", 0, 1e12);
        problems.Range(decision.MinDays, "decision.min_days", 0, 366);
        problems.Range(decision.MaxDays, "decision.max_days", 0, 366);
        if (decision.MaxDays is > 0 && decision.MinDays > decision.MaxDays) problems.Add("out_of_range", "decision.max_days", "max_days must not lie below min_days");
    }
}
