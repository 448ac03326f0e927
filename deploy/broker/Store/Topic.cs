namespace CroPlatform.Broker.Store;

/// <summary>A topic with its partitions.</summary>
/// <param name="Id">New with every making, so that consumers can tell a log that was made anew.</param>
internal sealed record Topic(string Name, Guid Id, TopicConfig Config, IReadOnlyList<PartitionLog> Partitions)
{
    public PartitionLog? Partition(int index) => index >= 0 && index < Partitions.Count ? Partitions[index] : null;
}
