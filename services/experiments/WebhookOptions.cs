using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Services.Experiments;

/// <summary>How webhooks are delivered.</summary>
public sealed record WebhookOptions
{
    public const string Section = "Webhooks";

    /// <summary>Networks (10.1.0.0/16) that may be called although they are not public: an intranet's own.</summary>
    public string[] AllowedNetworks { get; init; } = [];

    /// <summary>How long a receiver may take.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")] public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause after the first failure; each next one is twice as long, up to the longest.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")] public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(5);
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")] public TimeSpan LongestPause { get; init; } = TimeSpan.FromHours(1);

    /// <summary>After so many tries a delivery is given up.</summary>
    [Range(1, 100)] public int MaxAttempts { get; init; } = 16;

    /// <summary>Deliveries are kept this long after they came to an end.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")] public TimeSpan Kept { get; init; } = TimeSpan.FromDays(30);
}
