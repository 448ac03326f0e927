using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Rows of quarantine by their places, which are given as arrays.</summary>
internal static class QuarantineRows
{
    private const string Wanted = "unnest(@topics, @partitions, @logs, @offsets) as w (topic, partition, log_id, record_offset)";
    private const string Same = "q.topic = w.topic and q.partition = w.partition and q.log_id = w.log_id and q.record_offset = w.record_offset";

    public const string Find = $"select q.topic, q.partition, q.log_id, q.record_offset, q.site from {Wanted} join quarantine q on {Same}";
    public const string Delete = $"delete from quarantine q using {Wanted} where {Same}";

    /// <summary>Keeps the rows, which are balanced, and drops what they held.</summary>
    public const string Empty = $"update quarantine q set record = '' from {Wanted} where {Same}";

    public static object Of(IReadOnlyCollection<QuarantinedAt> places) => new
    {
        topics = places.Select(p => p.Topic).ToArray(),
        partitions = places.Select(p => p.Partition).ToArray(),
        logs = places.Select(p => p.LogId).ToArray(),
        offsets = places.Select(p => p.Offset).ToArray(),
    };
}
