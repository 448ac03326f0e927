using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Services.Statistics.Fold;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>What a partition's fold is given in a test without a broker.</summary>
internal static class FoldInput
{
    public static readonly FoldMetrics Metrics = new(
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());

    /// <summary>The event as it lies in the first partition of cro.events.v1.</summary>
    public static ConsumeResult<byte[], byte[]> Record(Event e, long offset) => new()
    {
        TopicPartitionOffset = new TopicPartitionOffset(Topics.Events, 0, offset),
        Message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(Topics.UnitKey(e.Site, e.VisitorId)), Value = e.ToByteArray() },
    };
}
