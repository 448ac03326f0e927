namespace CroPlatform.Broker.Store;

/// <param name="SegmentBytes">A segment ends before it would grow over this.</param>
/// <param name="RetentionMs">Segments whose last record is older go; null keeps them.</param>
/// <param name="RetentionBytes">The oldest segments go while the rest is at least this much; null keeps them.</param>
internal sealed record LogLimits(long SegmentBytes, long? RetentionMs, long? RetentionBytes);

/// <summary>What can be set for a topic, under Kafka's names. What is not set follows the broker.</summary>
/// <param name="Set">Name and value as they were given.</param>
internal sealed record TopicConfig(IReadOnlyDictionary<string, string> Set)
{
    private const string RetentionMs = "retention.ms";
    private const string RetentionBytes = "retention.bytes";
    private const string SegmentBytes = "segment.bytes";
    private const string MaxMessageBytes = "max.message.bytes";

    private static readonly Dictionary<string, Func<BrokerOptions, long>> Numbers = new()
    {
        [RetentionMs] = options => options.RetentionMs,
        [RetentionBytes] = options => options.RetentionBytes,
        [SegmentBytes] = options => options.SegmentBytes,
        [MaxMessageBytes] = options => options.MaxBatchBytes,
    };

    /// <summary>Settings of which one value only is offered: asking for that is fine, for another is refused.</summary>
    private static readonly Dictionary<string, string> Fixed = new()
    {
        ["cleanup.policy"] = "delete",
        ["compression.type"] = "producer",
        ["message.timestamp.type"] = "CreateTime",
        ["min.insync.replicas"] = "1",
        ["unclean.leader.election.enable"] = "false",
    };

    public static IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>();

    public static IReadOnlyDictionary<string, string> KeptForEver { get; } =
        new Dictionary<string, string> { [RetentionMs] = "-1", [RetentionBytes] = "-1" };

    /// <summary>Null if it can be had, else why not.</summary>
    public static string? Refusal(string name, string? value)
    {
        if (Fixed.TryGetValue(name, out var only))
            return value == only ? null : $"{name} can only be {only} here";
        if (!Numbers.ContainsKey(name))
            return $"{name} is not offered";
        if (!long.TryParse(value, out var number))
            return $"{name} must be a number";
        return number > 0 || (number == -1 && name is RetentionMs or RetentionBytes) ? null : $"{name} must be positive";
    }

    public LogLimits Limits(BrokerOptions options) => new(Number(SegmentBytes, options), Limit(RetentionMs, options), Limit(RetentionBytes, options));

    public long MaxBatchBytes(BrokerOptions options) => Number(MaxMessageBytes, options);

    /// <summary>Every setting with the value in force, and whether it was given for this topic.</summary>
    public IEnumerable<(string Name, string Value, bool IsSet)> Describe(BrokerOptions options) =>
        Numbers.Keys.Select(name => (name, $"{Number(name, options)}")).Concat(Fixed.Select(pair => (pair.Key, pair.Value)))
            .Select(pair => (pair.Item1, pair.Item2, Set.ContainsKey(pair.Item1)));

    private long Number(string name, BrokerOptions options) => Set.TryGetValue(name, out var value) ? long.Parse(value) : Numbers[name](options);

    private long? Limit(string name, BrokerOptions options) => Number(name, options) is var value and >= 0 ? value : null;
}
