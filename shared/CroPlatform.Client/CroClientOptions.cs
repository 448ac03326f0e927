using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Client;

/// <summary>Where the platform is, and how much the client may keep.</summary>
public sealed record CroClientOptions : IValidatableObject
{
    public const string Section = "Cro";

    /// <summary>The assignment service's gRPC address, say <c>http://assignment:9090</c>.</summary>
    [Required(ErrorMessage = "Cro:Assignment must be set to the assignment service's gRPC address, say http://assignment:9090")]
    public Uri? Assignment { get; init; }

    /// <summary>The public address that takes events, say <c>https://cro.example.com</c>.</summary>
    [Required(ErrorMessage = "Cro:Events must be set to the public address that takes events, say https://cro.example.com")]
    public Uri? Events { get; init; }

    /// <summary>A server key of the site.</summary>
    [Required(AllowEmptyStrings = false, ErrorMessage = "Cro:ServerKey must be set to a server key of the site")]
    public string ServerKey { get; init; } = "";

    /// <summary>A file that keeps the last configuration, so that the next start decides before the service answers; null: none.</summary>
    public string? BootstrapFile { get; init; }

    /// <summary>How long decisions are made from a configuration that no word came of; then every answer is the control with the reason stale.</summary>
    public TimeSpan MaxStaleness { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long an answer may wait for the service, which only sticky experiments ask.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Events that may wait to be sent; further ones are dropped and counted.</summary>
    [Range(1, 1_000_000)] public int MaxQueuedEvents { get; init; } = 10_000;

    /// <summary>Events in one request.</summary>
    [Range(1, 1_000)] public int MaxBatch { get; init; } = 500;

    /// <summary>How long a batch waits for more events.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MaxStaleness <= TimeSpan.Zero) yield return new ValidationResult("Cro:MaxStaleness must be positive", [nameof(MaxStaleness)]);
        if (Deadline <= TimeSpan.Zero) yield return new ValidationResult("Cro:Deadline must be positive", [nameof(Deadline)]);
        if (Linger <= TimeSpan.Zero) yield return new ValidationResult("Cro:Linger must be positive", [nameof(Linger)]);
    }
}
