using System.Globalization;

namespace CroPlatform.Broker.Store;

/// <summary>What can be set for a topic, under Kafka's names. What is not set follows the broker.</summary>
/// <param name="Set">Name and value as they were given.</param>
internal sealed record TopicConfig(IReadOnlyDictionary<string, string> Set)
{
    public const string RetentionMs = "retention.ms";
    public const string RetentionBytes = "retention.bytes";
    public const string SegmentBytes = "segment.bytes";
    public const string MaxMessageBytes = "max.message.bytes";

    /// <summary>Settings of which one value only is offered: asking for that is fine, for another is refused.</summary>
    private static readonly Dictionary<string, string> Fixed = new()
    {
        ["cleanup.policy"] = "delete",
        ["compression.type"] = "producer",
        ["message.timestamp.type"] = "CreateTime",
        ["min.insync.replicas"] = "1",
        ["unclean.leader.election.enable"] = "false",
    };

    /// <summary>Null if all of it can be had, else why not.</summary>
    public static string? Refusal(string name, string? value)
    {
        if (Fixed.TryGetValue(name, out var only))
            return value == only ? null : $"{name} can only be {only} here";
        if (name is not (RetentionMs or RetentionBytes or SegmentBytes or MaxMessageBytes))
            return $"{name} is not offered";
        if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return $"{name} must be a number";
        return number > 0 || (number == -1 && name is RetentionMs or RetentionBytes) ? null : $"{name} must be positive";
    }

    public LogLimits Limits(BrokerOptions options) => new(
        Number(SegmentBytes) ?? options.SegmentBytes,
        Limit(RetentionMs, options.RetentionMs),
        Limit(RetentionBytes, options.RetentionBytes));

    public int MaxBatchBytes(BrokerOptions options) => (int)Math.Min(Number(MaxMessageBytes) ?? options.MaxBatchBytes, options.MaxRequestBytes);

    /// <summary>Every setting with the value in force, and whether it was given for this topic.</summary>
    public IEnumerable<(string Name, string Value, bool IsSet)> Describe(BrokerOptions options)
    {
        var limits = Limits(options);
        yield return (RetentionMs, $"{limits.RetentionMs ?? -1}", Set.ContainsKey(RetentionMs));
        yield return (RetentionBytes, $"{limits.RetentionBytes ?? -1}", Set.ContainsKey(RetentionBytes));
        yield return (SegmentBytes, $"{limits.SegmentBytes}", Set.ContainsKey(SegmentBytes));
        yield return (MaxMessageBytes, $"{MaxBatchBytes(options)}", Set.ContainsKey(MaxMessageBytes));
        foreach (var (name, value) in Fixed)
            yield return (name, value, Set.ContainsKey(name));
    }

    private long? Number(string name) => Set.TryGetValue(name, out var value) ? long.Parse(value, CultureInfo.InvariantCulture) : null;

    private long? Limit(string name, long fallback) => (Number(name) ?? fallback) is var value and >= 0 ? value : null;
}
