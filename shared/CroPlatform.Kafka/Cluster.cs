using Confluent.Kafka;
using Confluent.Kafka.Admin;
using CroPlatform.Contracts;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>What the brokers say about topics.</summary>
public sealed class Cluster(IOptions<KafkaOptions> options) : IDisposable
{
    private readonly Lazy<IAdminClient> _admin = new(() =>
        new AdminClientBuilder(options.Value.Admin("cro-cluster")).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build());

    /// <summary>The identity of a topic's log: a topic deleted and made again under the same name has another.</summary>
    /// <exception cref="KafkaException">The topic is not there, or no broker answers.</exception>
    /// <exception cref="InvalidOperationException">The topic has another number of partitions than the contract says.</exception>
    public async Task<string> LogIdAsync(Topic topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        var described = await _admin.Value.DescribeTopicsAsync(
            TopicCollection.OfTopicNames([topic.Name]), new DescribeTopicsOptions { RequestTimeout = TimeSpan.FromSeconds(5) });
        var description = described.TopicDescriptions[0];
        if (description.Error.IsError) throw new KafkaException(description.Error);
        if (description.Partitions.Count != topic.Partitions)
        {
            throw new InvalidOperationException(
                $"topic {topic.Name} has {description.Partitions.Count} partitions where {topic.Partitions} are meant: a unit's state belongs to its "
                + "partition, so a change of the count means a new topic and a replay");
        }

        return description.TopicId.ToString();
    }

    /// <summary>The offset of the first record at or after this time, by the log's own times; null if there is none.</summary>
    /// <exception cref="KafkaException">No broker answers.</exception>
    public async Task<long?> OffsetAtAsync(string topic, int partition, DateTimeOffset time)
    {
        var listed = await _admin.Value.ListOffsetsAsync(
            [new TopicPartitionOffsetSpec { TopicPartition = new TopicPartition(topic, partition), OffsetSpec = OffsetSpec.ForTimestamp(time.ToUnixTimeMilliseconds()) }],
            new ListOffsetsOptions { RequestTimeout = TimeSpan.FromSeconds(10) });
        var found = listed.ResultInfos[0].TopicPartitionOffsetError;
        if (found.Error.IsError) throw new KafkaException(found.Error);
        return found.Offset.Value >= 0 ? found.Offset.Value : null;
    }

    /// <summary>
    /// Makes the topics that are not there, replicated as the cluster's default says. Those with records to be kept for ever are told so; what
    /// is there already is left as it is.
    /// </summary>
    public async Task CreateMissingAsync(IEnumerable<Topic> topics)
    {
        ArgumentNullException.ThrowIfNull(topics);
        foreach (var topic in topics)
        {
            try
            {
                await LogIdAsync(topic);
            }
            catch (KafkaException e) when (e.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic)
            {
                await CreateAsync(topic);
            }
            catch (DescribeTopicsException e) when (e.Results.TopicDescriptions.TrueForAll(t => t.Error.Code == ErrorCode.UnknownTopicOrPart))
            {
                await CreateAsync(topic);
            }
        }
    }

    private async Task CreateAsync(Topic topic)
    {
        try
        {
            await _admin.Value.CreateTopicsAsync(
            [
                new TopicSpecification
                {
                    Name = topic.Name,
                    NumPartitions = topic.Partitions,
                    ReplicationFactor = -1,
                    Configs = topic.KeptForEver ? new Dictionary<string, string> { ["retention.ms"] = "-1", ["retention.bytes"] = "-1" } : [],
                },
            ]);
        }
        catch (CreateTopicsException e) when (e.Results.TrueForAll(r => r.Error.Code is ErrorCode.NoError or ErrorCode.TopicAlreadyExists))
        {
            // Another instance was faster.
        }
    }

    public void Dispose()
    {
        if (_admin.IsValueCreated) _admin.Value.Dispose();
    }
}
