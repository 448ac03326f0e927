using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

/// <summary>Whether a decision can be carried out as it is asked for; a field of another method is refused.</summary>
internal static class DecisionRules
{
    private const int MaxLooks = 20;

    public static void Check(DecisionRequest decision, FieldProblems problems)
    {
        var method = decision.Method is { } name ? DecisionNames.ParseMethod(name) : DecisionMethod.AlwaysValid;
        if (method is null) problems.Add("out_of_range", "decision.method", "method must be fixed, always_valid, group_sequential or bayesian");
        if (decision.Rule is { } rule && DecisionNames.ParseRule(rule) is null) problems.Add("out_of_range", "decision.rule", "rule must be risk_aware or criterion");
        problems.Range(decision.Confidence, "decision.confidence", 0.5, 0.9999);
        problems.Range(decision.MinEffect, "decision.min_effect", 0, 10);
        problems.Range(decision.MinSample, "decision.min_sample", 0, 1e12);
        problems.Range(decision.MinDays, "decision.min_days", 0, 366);
        problems.Range(decision.MaxDays, "decision.max_days", 0, 366);
        problems.Range(decision.MaxSample, "decision.max_sample", 100, 1e12);
        problems.Range(decision.Looks, "decision.looks", 2, MaxLooks);
        problems.Range(decision.MaxLoss, "decision.max_loss", 1e-9, 1);
        if (decision.MaxDays is > 0 && decision.MinDays > decision.MaxDays) problems.Add("out_of_range", "decision.max_days", "max_days must not lie below min_days");
        if (decision.MaxSample < decision.MinSample) problems.Add("out_of_range", "decision.max_sample", "max_sample must not lie below min_sample");
        problems.Refuse(decision.Looks is not null && method != DecisionMethod.GroupSequential, "decision.looks", "only a group_sequential test has looks");
        problems.Refuse(decision.MaxSample is not null && method != DecisionMethod.GroupSequential, "decision.max_sample", "only a group_sequential test has a last look");
        problems.Refuse(decision.MaxLoss is not null && method != DecisionMethod.Bayesian, "decision.max_loss", "only a bayesian test weighs a loss");
        if (method == DecisionMethod.GroupSequential && decision.MaxSample is null) problems.Missing("decision.max_sample");
    }

    /// <summary>A checked request, completed by defaults.</summary>
    public static DecisionRule ToRule(DecisionRequest? request) => new()
    {
        Method = request?.Method is { } method ? DecisionNames.ParseMethod(method)!.Value : DecisionMethod.AlwaysValid,
        Rule = request?.Rule is { } rule ? DecisionNames.ParseRule(rule)!.Value : WinnerRule.RiskAware,
        Confidence = request?.Confidence ?? 0.95,
        MinEffect = request?.MinEffect ?? 0,
        MinSample = request?.MinSample ?? 0,
        MaxSample = request?.MaxSample ?? 0,
        MinDays = request?.MinDays ?? 0,
        MaxDays = request?.MaxDays ?? 0,
        Looks = request?.Looks ?? DecisionRule.DefaultLooks,
        MaxLoss = request?.MaxLoss ?? DecisionRule.DefaultMaxLoss,
    };

    /// <summary>A rule as the API shows it: with the fields of its method.</summary>
    public static DecisionRequest Show(DecisionRule rule) => new()
    {
        Method = DecisionNames.NameOf(rule.Method),
        Rule = DecisionNames.NameOf(rule.Rule),
        Confidence = rule.Confidence,
        MinEffect = rule.MinEffect,
        MinSample = rule.MinSample,
        MaxSample = rule.Method == DecisionMethod.GroupSequential ? rule.MaxSample : null,
        MinDays = rule.MinDays,
        MaxDays = rule.MaxDays,
        Looks = rule.Method == DecisionMethod.GroupSequential ? rule.Looks : null,
        MaxLoss = rule.Method == DecisionMethod.Bayesian ? rule.MaxLoss : null,
    };
}
