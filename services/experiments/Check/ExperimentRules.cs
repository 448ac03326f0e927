using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

internal static class ExperimentRules
{
    private const int MaxMetrics = 50;

    /// <summary>What is wrong with a draft that stands alone; what it says of others is looked at with them.</summary>
    public static IReadOnlyList<FieldProblem> Check(ExperimentRequest request)
    {
        var problems = new FieldProblems();
        problems.Key(request.Key, "key");
        problems.Text(request.Name, "name", 200);
        problems.Text(request.Hypothesis, "hypothesis", 4_000);
        problems.Text(request.Seed, "seed", 200);
        problems.Tags(request.Tags, "tags");
        problems.Range(request.Coverage, "coverage", 0, 1);
        if (request.Unit is { } unit && !UnitTypes.IsKnown(unit)) problems.Add("out_of_range", "unit", "unit must be visitor, user, account or device");
        if (request.Assignment is not (null or "platform" or "external")) problems.Add("out_of_range", "assignment", "assignment must be platform or external");
        problems.Condition(request.Targeting, "targeting");
        VariantRules.Check(request.Variants, problems);
        MembershipRules.Check(request, problems);
        CheckMetrics(request.Metrics, problems);
        if (request.Decision is { } decision) DecisionRules.Check(decision, problems);
        if (problems.All.Count == 0) KindRules.Check(request, problems);
        return problems.All;
    }

    public static void CheckMetrics(IReadOnlyList<MetricReference?>? metrics, FieldProblems problems)
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
}
