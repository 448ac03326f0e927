using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Kafka;
using CroPlatform.Services.Assignment.Decide;

namespace CroPlatform.Services.Assignment.Publish;

/// <summary>Writes exposures as the events they are. The id says what was exposed, so asking again records nothing new.</summary>
internal sealed class ExposurePublisher(RecordProducer producer, TimeProvider clock)
{
    /// <summary>The exposure of an answer, if the unit takes part, and of the holdouts that it met; returns once the log has them.</summary>
    /// <exception cref="LogUnavailableException" />
    public Task PublishAsync(string site, SiteRules rules, in AssignmentAnswer answer, in EvaluationContext context)
    {
        var exposures = new List<Outgoing>();
        if (answer is { Decision.InExperiment: true, Experiment: { } experiment })
        {
            exposures.Add(Of(site, experiment.Key, experiment.CurrentPhase.Index, answer.Variant!.Key, experiment.Version, experiment.Unit, context));
        }

        foreach (var holdout in answer.Decision.Holdouts)
        {
            var phase = rules.Find(holdout.Experiment)?.Experiment.CurrentPhase.Index ?? 0;
            exposures.Add(Of(site, holdout.Experiment, phase, holdout.Variant, holdout.Version, holdout.UnitType, context));
        }

        return producer.ProduceAsync(Topics.Events, exposures);
    }

    private Outgoing Of(string site, string experiment, int phase, string variant, int version, string unitType, in EvaluationContext context)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var unit = context.Unit(unitType)!;
        // Every event has a visitor; a unit that came without one stands in for it.
        var visitor = context.VisitorId is { Length: > 0 } id ? id : $"{unitType}:{unit}";
        var name = SHA256.HashData(Encoding.UTF8.GetBytes($"exposure|{experiment}|{phase}|{variant}|{unit}"));
        return new Outgoing(Topics.UnitKey(site, visitor), new Event
        {
            Site = site,
            Id = Base64Url.EncodeToString(name),
            Type = "exposure",
            VisitorId = visitor,
            UserId = context.UserId ?? "",
            AccountId = context.AccountId ?? "",
            DeviceId = context.DeviceId ?? "",
            TimestampMs = now,
            ReceivedMs = now,
            Schema = 1,
            Exposure = new Exposure { Experiment = experiment, Variant = variant, Version = (uint)version },
        });
    }
}
