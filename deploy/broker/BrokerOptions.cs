using System.Net;

namespace CroPlatform.Broker;

/// <summary>Environment variables of the section <c>Broker__</c>, under these names.</summary>
internal sealed record BrokerOptions
{
    /// <summary>The folder that holds everything; a new folder is a new cluster with new topic ids.</summary>
    public required string Data { get; init; }

    /// <summary>0 lets the kernel choose.</summary>
    public int Port { get; init; }

    /// <summary>Where it listens. There is no authentication: whoever reaches the port can do everything.</summary>
    public string Bind { get; init; } = "127.0.0.1";

    /// <summary>What clients are told to connect to; null is <see cref="Bind"/>.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>Sync before acknowledging. Without it a loss of power takes about the last second; the end of this process takes nothing.</summary>
    public bool Fsync { get; init; } = true;

    public long SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>-1 keeps for ever.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 3_600_000;

    /// <summary>Of one partition; -1 keeps all.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>The largest record batch, as it comes.</summary>
    public int MaxBatchBytes { get; init; } = 8 * 1024 * 1024;

    public int MaxRequestBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>For requests that are worked on and responses that are under way, all connections together.</summary>
    public int MemoryBytes { get; init; } = 256 * 1024 * 1024;

    public int MaxConnections { get; init; } = 512;

    public int MaxPartitions { get; init; } = 4_000;

    /// <summary>Make a topic of one partition when a client that allows it asks for one that is not there.</summary>
    public bool AutoCreateTopics { get; init; }

    /// <summary>Members that join a new group within this time share one rebalance. Kafka's 3 s would be most of a local start.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 300;

    /// <exception cref="FormatException">Says which variable to set to what.</exception>
    public static BrokerOptions FromEnvironment(Func<string, string?> variable)
    {
        var defaults = new BrokerOptions { Data = variable("Broker__Data") ?? throw new FormatException("Broker__Data must be set: the folder for the log") };
        var options = defaults with
        {
            Port = (int)Number("Port", defaults.Port, 0, 65_535),
            Bind = variable("Broker__Bind") ?? defaults.Bind,
            AdvertisedHost = variable("Broker__AdvertisedHost"),
            Fsync = Flag("Fsync", defaults.Fsync),
            SegmentBytes = Number("SegmentBytes", defaults.SegmentBytes, 1_024, int.MaxValue),
            RetentionMs = Number("RetentionMs", defaults.RetentionMs, -1, long.MaxValue),
            RetentionBytes = Number("RetentionBytes", defaults.RetentionBytes, -1, long.MaxValue),
            MaxBatchBytes = (int)Number("MaxBatchBytes", defaults.MaxBatchBytes, 1_024, 256 << 20),
            MaxRequestBytes = (int)Number("MaxRequestBytes", defaults.MaxRequestBytes, 4_096, 256 << 20),
            MemoryBytes = (int)Number("MemoryBytes", defaults.MemoryBytes, 1 << 20, int.MaxValue),
            MaxConnections = (int)Number("MaxConnections", defaults.MaxConnections, 1, 10_000),
            MaxPartitions = (int)Number("MaxPartitions", defaults.MaxPartitions, 1, 100_000),
            AutoCreateTopics = Flag("AutoCreateTopics", defaults.AutoCreateTopics),
            InitialRebalanceDelayMs = (int)Number("InitialRebalanceDelayMs", defaults.InitialRebalanceDelayMs, 0, 60_000),
        };
        if (!IPAddress.TryParse(options.Bind, out _))
            throw new FormatException($"Broker__Bind must be an address, say 127.0.0.1, not '{options.Bind}'");
        if (options.MaxRequestBytes > options.MemoryBytes / 2)
            throw new FormatException($"Broker__MemoryBytes must be at least twice Broker__MaxRequestBytes ({options.MaxRequestBytes})");
        return options;

        long Number(string name, long fallback, long lowest, long highest) =>
            variable("Broker__" + name) is not { } text ? fallback
            : long.TryParse(text, out var number) && number >= lowest && number <= highest ? number
            : throw new FormatException($"Broker__{name} must be a number from {lowest} to {highest}, not '{text}'");

        bool Flag(string name, bool fallback) =>
            variable("Broker__" + name) is not { } text ? fallback
            : bool.TryParse(text, out var flag) ? flag
            : throw new FormatException($"Broker__{name} must be true or false, not '{text}'");
    }
}
