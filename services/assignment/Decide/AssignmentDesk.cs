using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Services.Assignment.Check;
using CroPlatform.Services.Assignment.Publish;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>What a caller asks, whatever protocol it came by.</summary>
internal sealed record AssignmentQuestion(string UnitId, string UnitType, ReadOnlyMemory<byte> AttributesJson, IReadOnlyList<string> Experiments, bool Expose);

/// <summary>What it is told about one experiment; <paramref name="Experiment"/> is null where the experiment is not known.</summary>
internal readonly record struct AssignmentAnswer(string Key, Experiment? Experiment, Decision Decision)
{
    /// <summary>The variant to serve, or null where the experiment is not known.</summary>
    public Variant? Variant => Experiment?.Variants[Decision.Variant];
}

/// <summary>Answers questions from the snapshot in force; records the exposure first where it was asked to.</summary>
internal sealed class AssignmentDesk(SnapshotHolder holder, ExposurePublisher exposures, IOptions<AssignmentOptions> options, TimeProvider clock)
{
    /// <exception cref="InvalidQuestionException">The question names a field that cannot be answered.</exception>
    /// <exception cref="CroPlatform.Kafka.LogUnavailableException">The exposure could not be recorded.</exception>
    public ValueTask<AssignmentAnswer[]> AnswerAsync(string site, AssignmentQuestion question)
    {
        QuestionRules.Check(question, options.Value);
        var answers = Decide(holder.Current.Of(site), question);
        return question.Expose && answers[0].Decision.InExperiment
            ? ExposeAsync(site, question.UnitId, answers)
            : ValueTask.FromResult(answers);
    }

    private AssignmentAnswer[] Decide(SiteRules rules, AssignmentQuestion question)
    {
        using var attributes = question.AttributesJson.IsEmpty ? null : JsonDocument.Parse(question.AttributesJson);
        var context = ContextOf(question, attributes?.RootElement);
        var isStale = holder.IsStale;
        return question.Experiments.Count > 0
            ? Named(rules, question.Experiments, context, isStale)
            : [.. rules.Experiments.Where(e => e.Experiment.Status == ExperimentStatus.Running).Select(e => Decide(rules, e.Experiment, context, isStale))];
    }

    private static AssignmentAnswer[] Named(SiteRules rules, IReadOnlyList<string> keys, in EvaluationContext context, bool isStale)
    {
        var answers = new AssignmentAnswer[keys.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = rules.Find(keys[i]) is { } found
                ? Decide(rules, found.Experiment, context, isStale)
                : new AssignmentAnswer(keys[i], null, Decision.Unknown);
        }

        return answers;
    }

    private static AssignmentAnswer Decide(SiteRules rules, Experiment experiment, in EvaluationContext context, bool isStale) =>
        new(experiment.Key, experiment, isStale
            ? new Decision(experiment.Control, false, AssignmentReason.Stale, null, null)
            : rules.Decide(experiment.Key, context));

    /// <summary>The ids of other types of units stand in the attributes as user_id, account_id ….</summary>
    private EvaluationContext ContextOf(AssignmentQuestion question, JsonElement? attributes)
    {
        var context = new EvaluationContext { Attributes = attributes, Time = clock.GetUtcNow() };
        if (attributes is { } json)
        {
            foreach (var unitType in UnitTypes.All)
            {
                if (json.TryGetProperty($"{unitType}_id", out var id) && id.ValueKind == JsonValueKind.String) context = context.WithUnit(unitType, id.GetString()!);
            }
        }

        return context.WithUnit(question.UnitType, question.UnitId);
    }

    private async ValueTask<AssignmentAnswer[]> ExposeAsync(string site, string unit, AssignmentAnswer[] answers)
    {
        await exposures.PublishAsync(site, unit, answers[0].Experiment!, answers[0].Variant!.Key);
        return answers;
    }
}
