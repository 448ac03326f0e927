using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Experimentation.Configuration;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>The catalog, kept up with cro.experiments.v1. Readers take <see cref="Current"/>, one immutable snapshot.</summary>
public sealed class CatalogReader(IOptions<KafkaOptions> options, Cluster cluster, ILogger<CatalogReader> logger)
    : TopicFollower(Topics.All.Single(t => t.Name == Topics.Experiments), options, cluster, logger)
{
    private volatile Catalog _current = Catalog.Empty;

    public Catalog Current => _current;

    /// <summary>Raised after each change, on the reading thread: be quick.</summary>
    public event Action<Catalog, ConfigurationRecord>? Changed;

    protected override void Apply(byte[] value)
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
