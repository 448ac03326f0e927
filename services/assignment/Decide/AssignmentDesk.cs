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
internal sealed class AssignmentDesk(
    SnapshotHolder holder, Decider decider, ExposurePublisher exposures, IOptions<AssignmentOptions> options, TimeProvider clock)
{
    /// <exception cref="InvalidQuestionException">The question names a field that cannot be answered.</exception>
    /// <exception cref="CroPlatform.Kafka.LogUnavailableException">The exposure could not be recorded.</exception>
    public async ValueTask<AssignmentAnswer[]> AnswerAsync(string site, AssignmentQuestion question)
    {
        QuestionRules.Check(question, options.Value);
        using var attributes = question.AttributesJson.IsEmpty ? null : JsonDocument.Parse(question.AttributesJson);
        var context = ContextOf(question, attributes?.RootElement);
        var rules = holder.Current.Of(site);
        var keys = question.Experiments.Count > 0
            ? question.Experiments
            : [.. rules.Experiments.Where(e => e.Experiment.Status == ExperimentStatus.Running).Select(e => e.Experiment.Key)];
        var answers = new AssignmentAnswer[keys.Count];
        for (var i = 0; i < answers.Length; i++) answers[i] = await DecideAsync(site, rules, keys[i], context);
        foreach (var answer in answers)
        {
            if (question.Expose || answer.Experiment?.RecordExposures == true) await exposures.PublishAsync(site, rules, answer, context);
        }

        return answers;
    }

    private ValueTask<AssignmentAnswer> DecideAsync(string site, SiteRules rules, string key, in EvaluationContext context) =>
        rules.Find(key) is { } found
            ? decider.DecideAsync(site, rules, found.Experiment, context)
            : ValueTask.FromResult(new AssignmentAnswer(key, null, Decision.Unknown));

    /// <summary>The ids of other types of units stand in the attributes as user_id, account_id ….</summary>
    private EvaluationContext ContextOf(AssignmentQuestion question, JsonElement? attributes)
    {
        var context = new EvaluationContext { Attributes = attributes, Time = clock.GetUtcNow() };
        if (attributes is { } json)
        {
            foreach (var unitType in UnitTypes.All)
            {
                if (json.TryGetProperty(UnitTypes.AttributeOf(unitType), out var id) && id.ValueKind == JsonValueKind.String)
                {
                    context = context.WithUnit(unitType, id.GetString()!);
                }
            }
        }

        return context.WithUnit(question.UnitType, question.UnitId);
    }
}
