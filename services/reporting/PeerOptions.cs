using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Services.Reporting;

/// <summary>Where the other services answer gRPC.</summary>
public sealed record PeerOptions
{
    public const string Section = "Services";

    [Required(ErrorMessage = "Services:Statistics must be set, say http://localhost:5004")]
    public string Statistics { get; init; } = "";
}
