using System.ComponentModel.DataAnnotations;
using System.Net;

namespace CroPlatform.Services.Assignment;

/// <summary>
/// The port of flagd's protocol, whose clients can send no credential: whoever reaches it may ask for any flag of its one site. So it is off
/// unless configured, and bound to this machine unless another address is named.
/// </summary>
public sealed record FlagdOptions : IValidatableObject
{
    public const string Section = "Flagd";

    /// <summary>0 takes a free port, -1 none.</summary>
    [Range(-1, 65_535)] public int Port { get; init; } = -1;

    /// <summary>An IP address of this machine.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>The key of the site whose experiments are the flags.</summary>
    public string Site { get; init; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Port >= 0 && Site.Length == 0) yield return new ValidationResult($"{Section}:{nameof(Site)} must name the site that the port serves", [nameof(Site)]);
        if (!IPAddress.TryParse(Address, out _)) yield return new ValidationResult($"{Section}:{nameof(Address)} must be an IP address", [nameof(Address)]);
    }
}
