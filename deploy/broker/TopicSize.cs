namespace CroPlatform.Broker;

/// <summary>A topic and its number of partitions, which never changes.</summary>
internal sealed record TopicSize(string Name, int Partitions)
{
    /// <summary>Reads <c>name:partitions,name:partitions,…</c>.</summary>
    /// <exception cref="FormatException">Says which part is not so.</exception>
    public static IReadOnlyList<TopicSize> ParseList(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse)];

    private static TopicSize Parse(string part)
    {
        var colon = part.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(part.AsSpan(colon + 1), out var partitions) || partitions < 1)
            throw new FormatException($"Broker__Topics: '{part}' is not name:partitions, as in cro.events.v1:12");
        return new TopicSize(part[..colon], partitions);
    }
}
