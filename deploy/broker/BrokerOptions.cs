using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;

namespace CroPlatform.Broker;

/// <summary>Environment variables of the section <c>Broker__</c>, under these names.</summary>
internal sealed record BrokerOptions : IValidatableObject
{
    private const int MiB = 1024 * 1024;

    /// <summary>The folder that holds everything; a new folder is a new cluster with new topic ids.</summary>
    [Required]
    public string Data { get; init; } = "";

    /// <summary>0 lets the kernel choose.</summary>
    [Range(0, 65_535)]
    public int Port { get; init; }

    /// <summary>Where it listens. There is no authentication: whoever reaches the port can do everything.</summary>
    public string Bind { get; init; } = "127.0.0.1";

    /// <summary>What clients are told to connect to; null is <see cref="Bind"/>.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>Makes the platform's topics (CroPlatform.Contracts) at the start.</summary>
    public bool Topics { get; init; } = true;

    /// <summary>Sync before acknowledging. Without it a loss of power takes about the last second; the end of this process takes nothing.</summary>
    public bool Fsync { get; init; } = true;

    [Range(1_024.0, int.MaxValue)]
    public long SegmentBytes { get; init; } = 64 * MiB;

    /// <summary>-1 keeps for ever.</summary>
    [Range(-1, double.MaxValue)]
    public long RetentionMs { get; init; } = 7L * 24 * 3_600_000;

    /// <summary>Of one partition; -1 keeps all.</summary>
    [Range(-1, double.MaxValue)]
    public long RetentionBytes { get; init; } = -1;

    /// <summary>The largest record batch, as it comes.</summary>
    [Range(1_024, 256 * MiB)]
    public int MaxBatchBytes { get; init; } = 8 * MiB;

    [Range(4_096, 256 * MiB)]
    public int MaxRequestBytes { get; init; } = 16 * MiB;

    /// <summary>For requests that are worked on and responses that are under way, all connections together.</summary>
    [Range(MiB, int.MaxValue)]
    public int MemoryBytes { get; init; } = 256 * MiB;

    [Range(1, 10_000)]
    public int MaxConnections { get; init; } = 512;

    [Range(1, 100_000)]
    public int MaxPartitions { get; init; } = 4_000;

    /// <summary>Members that join a new group within this time share one rebalance. Kafka's 3 s would be most of a local start.</summary>
    [Range(0, 60_000)]
    public int InitialRebalanceDelayMs { get; init; } = 300;

    /// <exception cref="InvalidOperationException">Names every variable that is wrong.</exception>
    public static BrokerOptions FromEnvironment()
    {
        var options = new ConfigurationBuilder().AddEnvironmentVariables("Broker__").Build().Get<BrokerOptions>() ?? new BrokerOptions();
        var faults = new List<ValidationResult>();
        if (!Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true))
            throw new InvalidOperationException(string.Join(' ', faults.Select(fault => $"Broker__{fault.MemberNames.First()}: {fault.ErrorMessage}")));
        return options;
    }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IPAddress.TryParse(Bind, out _))
            yield return new ValidationResult("must be an address, say 127.0.0.1.", [nameof(Bind)]);
        if (MaxRequestBytes > MemoryBytes / 2)
            yield return new ValidationResult($"must be at least twice MaxRequestBytes, which is {MaxRequestBytes}.", [nameof(MemoryBytes)]);
    }
}
