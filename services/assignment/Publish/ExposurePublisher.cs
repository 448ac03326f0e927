using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Kafka;
using Experiment = CroPlatform.Experimentation.Experiment;

namespace CroPlatform.Services.Assignment.Publish;

/// <summary>Writes exposures as the events they are. The id says what was exposed, so asking again records nothing new.</summary>
internal sealed class ExposurePublisher(RecordProducer producer, TimeProvider clock)
{
    public Task PublishAsync(string site, string unit, Experiment experiment, string variant)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return producer.ProduceAsync(Topics.Events, Topics.UnitKey(site, unit), new Event
        {
            Site = site,
            Id = $"exposure|{experiment.Key}|{experiment.CurrentPhase.Index}|{variant}|{unit}",
            Type = "exposure",
            VisitorId = unit,
            TimestampMs = now,
            ReceivedMs = now,
            Schema = 1,
            Exposure = new Exposure { Experiment = experiment.Key, Variant = variant, Version = (uint)experiment.Version },
        });
    }
}
