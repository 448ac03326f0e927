using System.Diagnostics;
using System.Net.Sockets;
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

    // While an admin request waits for a broker that refuses connections, librdkafka tries to connect without a pause: a third of a core for each service.
    // So after a failure nothing is asked before a bootstrap server takes connections again, or this long has passed (others may have taken over).
    private static readonly TimeSpan Blind = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(2);

    private long _failedAt;

    /// <summary>The identity of a topic's log: a topic deleted and made again under the same name has another.</summary>
    /// <exception cref="KafkaException">The topic is not there, or no broker answers.</exception>
    /// <exception cref="InvalidOperationException">The topic has another number of partitions than the contract says, or fewer replicas than are asked for.</exception>
    public async Task<string> LogIdAsync(Topic topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        var description = await DescribeAsync(topic);
        if (description.Error.IsError) throw new KafkaException(description.Error);
        if (description.Partitions.Count != topic.Partitions)
        {
            throw new InvalidOperationException(
                $"topic {topic.Name} has {description.Partitions.Count} partitions where {topic.Partitions} are meant: a unit's state belongs to its "
                + "partition, so a change of the count means a new topic and a replay");
        }

        var replicas = description.Partitions.Min(p => p.Replicas.Count);
        if (replicas < options.Value.Replicas)
        {
            throw new InvalidOperationException(
                $"topic {topic.Name} is kept by {replicas} brokers where Kafka:Replicas asks for {options.Value.Replicas}: what was acknowledged could go with "
                + "one of them; reassign its partitions, or ask for fewer");
        }

        return description.TopicId.ToString();
    }

    /// <summary>The topic as it is made.</summary>
    internal static TopicSpecification Specification(Topic topic, int replicas)
    {
        var settings = new Dictionary<string, string>();
        if (topic.KeptForEver) (settings["retention.ms"], settings["retention.bytes"]) = ("-1", "-1");
        if (replicas > 0) (settings["min.insync.replicas"], settings["unclean.leader.election.enable"]) = ($"{Math.Max(1, replicas - 1)}", "false");
        return new TopicSpecification { Name = topic.Name, NumPartitions = topic.Partitions, ReplicationFactor = replicas > 0 ? (short)replicas : (short)-1, Configs = settings };
    }

    private async Task<TopicDescription> DescribeAsync(Topic topic)
    {
        var failedAt = Volatile.Read(ref _failedAt);
        if (failedAt != 0 && Stopwatch.GetElapsedTime(failedAt) < Blind && !await TakesConnectionsAsync())
        {
            throw new KafkaException(new Error(ErrorCode.Local_AllBrokersDown, "no bootstrap server takes connections"));
        }

        try
        {
            var described = await _admin.Value.DescribeTopicsAsync(
                TopicCollection.OfTopicNames([topic.Name]), new DescribeTopicsOptions { RequestTimeout = TimeSpan.FromSeconds(5) });
            Volatile.Write(ref _failedAt, 0);
            return described.TopicDescriptions[0];
        }
        catch (KafkaException e) when (e.Error.IsLocalError)
        {
            Volatile.Write(ref _failedAt, Stopwatch.GetTimestamp());
            throw;
        }
    }

    private async Task<bool> TakesConnectionsAsync()
    {
        foreach (var server in options.Value.BootstrapServers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Each may be written with its protocol, PLAINTEXT://host:port.
            var address = new Uri(server.Contains("://", StringComparison.Ordinal) ? server : "kafka://" + server);
            using var limit = new CancellationTokenSource(ConnectLimit);
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(address.Host, address.Port, limit.Token);
                return true;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The next one may.
            }
        }

        return false;
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
    /// Makes the topics that are not there. Those with records to be kept for ever are told so; what is there already is left as it is.
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
            await _admin.Value.CreateTopicsAsync([Specification(topic, options.Value.Replicas)]);
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
