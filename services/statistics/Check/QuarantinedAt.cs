using CroPlatform.Contracts.Events;

namespace CroPlatform.Services.Statistics.Check;

/// <summary>Where a record lay when it could not be counted: the key of its row in quarantine.</summary>
internal readonly record struct QuarantinedAt(string Topic, int Partition, string LogId, long Offset)
{
    /// <summary>Null unless the event was put back from there.</summary>
    public static QuarantinedAt? Of(Event read) =>
        read.PutBack is { } at ? new QuarantinedAt(at.Topic, at.Partition, at.LogId, at.Offset) : null;

    public Quarantined ToMessage() => new() { Topic = Topic, Partition = Partition, LogId = LogId, Offset = Offset };
}
