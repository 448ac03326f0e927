using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>Why a flag has no value.</summary>
internal enum FlagFault
{
    None,

    /// <summary>The site has published no experiment of this key.</summary>
    NotFound,

    /// <summary>The experiment splits by unit, and the context names none.</summary>
    TargetingKeyMissing,
}

/// <summary>An experiment as the flag that OpenFeature's clients see. <paramref name="Answer"/> holds no experiment where there is a fault.</summary>
/// <param name="Flag">The experiment's key.</param>
internal readonly record struct FlagAnswer(string Flag, FlagFault Fault, AssignmentAnswer Answer)
{
    /// <summary>JSON in UTF-8: the variant's configuration, or the variant's key where no variant has one; <c>null</c> where only others have.</summary>
    public ReadOnlyMemory<byte> ValueJson => Answer.Variant is not { } variant ? default
        : !variant.ConfigJson.IsEmpty ? variant.ConfigJson
        : Answer.Experiment!.Variants.All(v => v.ConfigJson.IsEmpty) ? JsonSerializer.SerializeToUtf8Bytes(variant.Key)
        : "null"u8.ToArray();

    /// <summary>OpenFeature's reason. Never STATIC: clients keep such an answer for every unit.</summary>
    public string Reason => Answer.Decision.Reason switch
    {
        AssignmentReason.Split => "SPLIT",
        AssignmentReason.Sticky when Answer.Decision.InExperiment => "SPLIT",
        AssignmentReason.Forced => "TARGETING_MATCH",
        AssignmentReason.NotRunning => "DISABLED",
        _ => "DEFAULT",
    };

    /// <summary>What a client needs to send the exposure, and why it got what it got; flat, as the protocols demand.</summary>
    public IEnumerable<(string Name, object Value)> Metadata => Answer.Experiment is not { } experiment ? [] :
    [
        ("experiment", experiment.Key),
        ("version", experiment.Version),
        ("in_experiment", Answer.Decision.InExperiment),
        ("cause", ReasonNames.Of(Answer.Decision.Reason)),
    ];
}

/// <summary>Answers the flag protocols: <c>targetingKey</c> is the unit, every other member of the context an attribute.</summary>
internal sealed class FlagDesk(SnapshotHolder holder, TimeProvider clock)
{
    /// <param name="context">A JSON object.</param>
    public ValueTask<FlagAnswer> EvaluateAsync(string site, string flag, JsonElement context)
    {
        var rules = holder.Current.Of(site);
        var answer = rules.Find(flag) is { } found
            ? Evaluate(rules, found.Experiment, context)
            : new FlagAnswer(flag, FlagFault.NotFound, default);
        return ValueTask.FromResult(answer);
    }

    /// <summary>Every experiment that the site has published, faults included, in the order of their keys.</summary>
    public ValueTask<IReadOnlyList<FlagAnswer>> EvaluateAllAsync(string site, JsonElement context)
    {
        var rules = holder.Current.Of(site);
        IReadOnlyList<FlagAnswer> answers =
            [.. rules.Experiments.OrderBy(e => e.Experiment.Key, StringComparer.Ordinal).Select(e => Evaluate(rules, e.Experiment, context))];
        return ValueTask.FromResult(answers);
    }

    private FlagAnswer Evaluate(SiteRules rules, Experiment experiment, JsonElement context)
    {
        var decision = holder.IsStale
            ? new Decision(experiment.Control, false, AssignmentReason.Stale, null, null)
            : rules.Decide(experiment.Key, ContextOf(context));
        return decision.Reason == AssignmentReason.NoUnit
            ? new FlagAnswer(experiment.Key, FlagFault.TargetingKeyMissing, default)
            : new FlagAnswer(experiment.Key, FlagFault.None, new AssignmentAnswer(experiment.Key, experiment, decision));
    }

    /// <summary>Each type of unit is known by its own id if the context has one, else by the targeting key.</summary>
    private EvaluationContext ContextOf(JsonElement context)
    {
        var result = new EvaluationContext { Attributes = context, Time = clock.GetUtcNow() };
        foreach (var unitType in UnitTypes.All)
        {
            if ((Text(context, $"{unitType}_id") ?? Text(context, "targetingKey")) is { } id) result = result.WithUnit(unitType, id);
        }

        return result;
    }

    private static string? Text(JsonElement context, string name) =>
        context.TryGetProperty(name, out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
}
