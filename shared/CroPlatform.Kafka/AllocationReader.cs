using CroPlatform.Contracts;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Allocation = CroPlatform.Experimentation.Allocation;
using Wire = CroPlatform.Contracts.Allocations;

namespace CroPlatform.Kafka;

/// <summary>Follows cro.allocations.v1, the weights that bandits are given for their next interval, and has the catalog know them.</summary>
public sealed class AllocationReader(IOptions<KafkaOptions> options, Cluster cluster, CatalogReader catalog, ILogger<AllocationReader> logger)
    : TopicFollower(Topics.All.Single(t => t.Name == Topics.Allocations), options, cluster, logger)
{
    private const double WeightTolerance = 1e-6;

    protected override void Apply(byte[] value)
    {
        Allocation allocation;
        try
        {
            allocation = Wire.Allocation.Parser.ParseFrom(value).ToModel();
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new FormatException($"no allocation: {e.Message}", e);
        }

        if (allocation.Weights.Any(w => !(w is >= 0 and <= 1)) || Math.Abs(allocation.Weights.Sum() - 1) > WeightTolerance)
        {
            throw new FormatException($"the weights for '{allocation.Experiment}' are no fractions that sum to 1");
        }

        catalog.Take(allocation);
    }
}
