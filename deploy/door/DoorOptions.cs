using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Door;

/// <summary>The URL of each service, as in http://127.0.0.1:5001, and the door's patience with them.</summary>
public sealed record DoorOptions
{
    public const string Section = "Door";

    [Required, Url] public string Ingestion { get; init; } = "";

    [Required, Url] public string Experiments { get; init; } = "";

    [Required, Url] public string Assignment { get; init; } = "";

    [Required, Url] public string Statistics { get; init; } = "";

    [Required, Url] public string Reporting { get; init; } = "";

    /// <summary>How long a request waits for a service that is just restarting, in seconds.</summary>
    [Range(0, 60)] public double RetrySeconds { get; init; } = 5;

    public string UrlOf(Service service) => service switch
    {
        Service.Ingestion => Ingestion,
        Service.Experiments => Experiments,
        Service.Assignment => Assignment,
        Service.Statistics => Statistics,
        _ => Reporting,
    };
}
