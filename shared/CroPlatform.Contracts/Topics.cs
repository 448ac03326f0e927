namespace CroPlatform.Contracts;

/// <summary>The topics: who writes and reads each, and its key. Values are protobuf; <see cref="Headers"/> names the headers.</summary>
public static class Topics
{
    /// <summary>Accepted events. Written by ingestion and assignment (exposures it was asked to record), read by statistics. Key: site|visitor.</summary>
    public const string Events = "cro.events.v1";

    /// <summary>
    /// Events under the user, account or device that an experiment is randomised by. Written and read by statistics. Key: site|unit type|unit.
    /// Made from <see cref="Events"/> and can be made again from it.
    /// </summary>
    public const string Facts = "cro.facts.v1";

    /// <summary>Why events were refused. Written by ingestion, for people to read. Key: site.</summary>
    public const string Rejected = "cro.rejected.v1";

    /// <summary>Sites, experiment versions, pointers and saved groups, kept for ever. Written by experiments, read by every other service. Key: see protos.</summary>
    public const string Experiments = "cro.experiments.v1";

    /// <summary>Weights of bandits, kept for ever. Written by whoever allocates, read by assignment and statistics. Key: site|experiment.</summary>
    public const string Allocations = "cro.allocations.v1";

    /// <summary>Judgements. Written by statistics, read by experiments and reporting. Key: site|experiment.</summary>
    public const string Results = "cro.results.v1";

    /// <summary>
    /// Every topic with its partition count. Counts are fixed: a change means a new topic and a replay, since a unit's state belongs to
    /// its partition.
    /// </summary>
    public static IReadOnlyList<Topic> All { get; } =
    [
        new(Events, 12, false),
        new(Facts, 12, false),
        new(Rejected, 3, false),
        new(Experiments, 1, true),
        new(Allocations, 1, true),
        new(Results, 1, false),
    ];

    /// <summary>The key of an event's record: everything about one visitor is in one partition.</summary>
    public static string UnitKey(string site, string unit) => $"{site}|{unit}";

    /// <summary>The key of a fact's record: everything about one unit of its type is in one partition.</summary>
    public static string UnitKey(string site, string unitType, string unit) => $"{site}|{unitType}|{unit}";
}

/// <param name="KeptForEver">Never cut by age or size.</param>
public sealed record Topic(string Name, int Partitions, bool KeptForEver);

/// <summary>Headers of every record.</summary>
public static class Headers
{
    /// <summary>The full name of the protobuf message in the value.</summary>
    public const string Message = "cro-message";

    /// <summary>W3C trace context.</summary>
    public const string TraceParent = "traceparent";
}
