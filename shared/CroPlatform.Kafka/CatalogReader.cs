using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Experimentation.Configuration;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Allocation = CroPlatform.Experimentation.Allocation;

namespace CroPlatform.Kafka;

/// <summary>The catalog, kept up with cro.experiments.v1. Readers take <see cref="Current"/>, one immutable snapshot.</summary>
public sealed class CatalogReader(IOptions<KafkaOptions> options, Cluster cluster, ILogger<CatalogReader> logger)
    : TopicFollower(Topics.All.Single(t => t.Name == Topics.Experiments), options, cluster, logger)
{
    private readonly Lock _changing = new();
    private volatile Catalog _current = Catalog.Empty;

    public Catalog Current => _current;

    /// <summary>Raised after each change, in the order of the changes, on a reading thread: be quick. A change of a bandit's intervals comes as its pointer.</summary>
    public event Action<Catalog, ConfigurationRecord>? Changed;

    /// <summary>Takes a bandit's interval in: from now on it is one of the experiment's phases.</summary>
    public void Take(Allocation allocation)
    {
        ArgumentNullException.ThrowIfNull(allocation);
        lock (_changing)
        {
            var before = _current;
            _current = before.With(allocation);
            if (ReferenceEquals(before, _current) || _current.Find(allocation.Site, allocation.Experiment)?.Current is not { } current) return;
            Changed?.Invoke(_current, new ConfigurationRecord
            {
                Current = new CurrentVersion { Site = current.Site, Experiment = current.Key, Version = (uint)current.Version },
            });
        }
    }

    protected override void Apply(byte[] value)
    {
        lock (_changing)
        {
            ConfigurationRecord record;
            try
            {
                record = ConfigurationRecord.Parser.ParseFrom(value);
                _current = _current.With(record);
            }
            catch (Exception e) when (e is InvalidProtocolBufferException or ArgumentException or TimeZoneNotFoundException)
            {
                throw new FormatException($"no configuration: {e.Message}", e);
            }

            Changed?.Invoke(_current, record);
        }
    }
}
