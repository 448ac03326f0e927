using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Services.Assignment.Check;
using CroPlatform.Services.Assignment.Publish;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>What a caller asks, whatever protocol it came by.</summary>
internal sealed record AssignmentQuestion(string UnitId, string UnitType, ReadOnlyMemory<byte> AttributesJson, IReadOnlyList<string> Experiments, bool Expose);

/// <summary>What it is told about one experiment; <paramref name="Assigner"/> is null where the experiment is not known.</summary>
internal readonly record struct AssignmentAnswer(string Experiment, Assigner? Assigner, Decision Decision)
{
    /// <summary>The variant to serve, or null where the experiment is not known.</summary>
    public Variant? Variant => Assigner?.Experiment.Variants[Decision.Variant];
}

/// <summary>Answers questions from the snapshot in force; records the exposure first where it was asked to.</summary>
internal sealed class AssignmentDesk(SnapshotHolder holder, ExposurePublisher exposures, IOptions<AssignmentOptions> options)
{
    private static readonly Decision Unknown = new(0, false, AssignmentReason.UnknownExperiment, null, null);

    /// <exception cref="InvalidQuestionException">The question names a field that cannot be answered.</exception>
    /// <exception cref="CroPlatform.Kafka.LogUnavailableException">The exposure could not be recorded.</exception>
    public ValueTask<AssignmentAnswer[]> AnswerAsync(string site, AssignmentQuestion question)
    {
        QuestionRules.Check(question, options.Value);
        var snapshot = holder.Current;
        var isStale = holder.IsStale;
        var answers = question.Experiments.Count > 0
            ? Named(snapshot, site, question, isStale)
            : [.. snapshot.Of(site).Where(a => a.Experiment.Status == ExperimentStatus.Running).Select(a => Decide(a, question, isStale))];
        return question.Expose && answers[0].Decision.InExperiment
            ? ExposeAsync(site, question.UnitId, answers)
            : ValueTask.FromResult(answers);
    }

    private static AssignmentAnswer[] Named(Snapshot snapshot, string site, AssignmentQuestion question, bool isStale)
    {
        var answers = new AssignmentAnswer[question.Experiments.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            var key = question.Experiments[i];
            answers[i] = snapshot.Find(site, key) is { } assigner ? Decide(assigner, question, isStale) : new AssignmentAnswer(key, null, Unknown);
        }

        return answers;
    }

    private static AssignmentAnswer Decide(Assigner assigner, AssignmentQuestion question, bool isStale)
    {
        var experiment = assigner.Experiment;
        if (isStale) return new AssignmentAnswer(experiment.Key, assigner, new Decision(experiment.Control, false, AssignmentReason.Stale, null, null));
        var isOwnUnit = experiment.Unit == question.UnitType;
        if (question.AttributesJson.IsEmpty || (isOwnUnit && !assigner.ReadsAttributes))
        {
            return new AssignmentAnswer(experiment.Key, assigner, assigner.Decide(isOwnUnit ? question.UnitId : ""));
        }

        using var attributes = JsonDocument.Parse(question.AttributesJson);
        var unit = isOwnUnit ? question.UnitId : UnitIn(attributes.RootElement, experiment.Unit);
        return new AssignmentAnswer(experiment.Key, assigner, assigner.Decide(unit, attributes.RootElement));
    }

    /// <summary>The id of another type of unit stands in the attributes as user_id, account_id …; empty if it does not.</summary>
    private static string UnitIn(JsonElement attributes, string unitType) =>
        attributes.TryGetProperty($"{unitType}_id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString()! : "";

    private async ValueTask<AssignmentAnswer[]> ExposeAsync(string site, string unit, AssignmentAnswer[] answers)
    {
        await exposures.PublishAsync(site, unit, answers[0].Assigner!.Experiment, answers[0].Variant!.Key);
        return answers;
    }
}
