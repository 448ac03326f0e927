using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Kafka;
using CroPlatform.Services.Assignment.Publish;

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

/// <summary>An experiment as the flag that OpenFeature's clients see. <paramref name="Answer"/> is the control's where the targeting key is missing, and empty where the flag is not known.</summary>
/// <param name="Flag">The experiment's key.</param>
internal readonly record struct FlagAnswer(string Flag, FlagFault Fault, AssignmentAnswer Answer)
{
    /// <summary>JSON in UTF-8; see <see cref="ValueOf"/>.</summary>
    public ReadOnlyMemory<byte> ValueJson => Answer.Variant is { } variant ? ValueOf(Answer.Experiment!, variant) : default;

    /// <summary>The variant's configuration, or the variant's key where no variant has one; <c>null</c> where only others have.</summary>
    public static ReadOnlyMemory<byte> ValueOf(Experiment experiment, Variant variant) =>
        !variant.ConfigJson.IsEmpty ? variant.ConfigJson
        : experiment.Variants.All(v => v.ConfigJson.IsEmpty) ? JsonSerializer.SerializeToUtf8Bytes(variant.Key)
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
internal sealed partial class FlagDesk(
    SnapshotHolder holder, Decider decider, ExposurePublisher exposures, TimeProvider clock, ILogger<FlagDesk> logger)
{
    /// <param name="context">A JSON object.</param>
    public async ValueTask<FlagAnswer> EvaluateAsync(string site, string flag, JsonElement context)
    {
        var rules = holder.Current.Of(site);
        return rules.Find(flag) is { } found
            ? await EvaluateAsync(site, rules, found.Experiment, ContextOf(context))
            : new FlagAnswer(flag, FlagFault.NotFound, default);
    }

    /// <summary>Every experiment that the site has published, faults included, in the order of their keys.</summary>
    public ValueTask<IReadOnlyList<FlagAnswer>> EvaluateAllAsync(string site, JsonElement context) => EvaluateAllAsync(site, ContextOf(context));

    /// <inheritdoc cref="EvaluateAllAsync(string, JsonElement)" />
    public async ValueTask<IReadOnlyList<FlagAnswer>> EvaluateAllAsync(string site, EvaluationContext evaluated)
    {
        var rules = holder.Current.Of(site);
        var answers = new List<FlagAnswer>();
        foreach (var experiment in rules.Experiments.Select(e => e.Experiment).OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            answers.Add(await EvaluateAsync(site, rules, experiment, evaluated));
        }

        return answers;
    }

    private async ValueTask<FlagAnswer> EvaluateAsync(string site, SiteRules rules, Experiment experiment, EvaluationContext context)
    {
        var answer = await decider.DecideAsync(site, rules, experiment, context);
        if (answer.Decision.Reason == AssignmentReason.NoUnit) return new FlagAnswer(experiment.Key, FlagFault.TargetingKeyMissing, answer);
        if (experiment.RecordExposures) await ExposeAsync(site, rules, answer, context);
        return new FlagAnswer(experiment.Key, FlagFault.None, answer);
    }

    /// <summary>These protocols have no word for an answer without its exposure, and a page must not break for it.</summary>
    private async Task ExposeAsync(string site, SiteRules rules, AssignmentAnswer answer, EvaluationContext context)
    {
        try
        {
            await exposures.PublishAsync(site, rules, answer, context);
        }
        catch (LogUnavailableException e)
        {
            LogNotExposed(answer.Key, e.Message);
        }
    }

    /// <summary>Each type of unit is known by its own id if the context has one, else by the targeting key.</summary>
    private EvaluationContext ContextOf(JsonElement context)
    {
        var result = new EvaluationContext { Attributes = context, Time = clock.GetUtcNow() };
        foreach (var unitType in UnitTypes.All)
        {
            if ((Text(context, UnitTypes.AttributeOf(unitType)) ?? Text(context, "targetingKey")) is { } id) result = result.WithUnit(unitType, id);
        }

        return result;
    }

    private static string? Text(JsonElement context, string name) =>
        context.TryGetProperty(name, out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Experiment} was evaluated, but its exposure is not recorded: {Reason}")]
    private partial void LogNotExposed(string experiment, string reason);
}
