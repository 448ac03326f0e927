using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Services.Experiments;

/// <summary>How people sign in and how long it lasts.</summary>
public sealed record SessionOptions
{
    public const string Section = "Sessions";

    /// <summary>After this long a person signs in again, whatever he does.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")] public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>A session that is not used for this long is over.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")] public TimeSpan Idle { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long an access token is good.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")] public TimeSpan AccessToken { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Encrypts the private keys that access tokens are signed with, in the database. All instances have the same.</summary>
    public string SigningKeyPassphrase { get; init; } = "";

    /// <summary>Tries to sign in from one network address: a minute, and at once.</summary>
    [Range(1, 1_000_000)] public double TriesPerAddress { get; init; } = 60;
    [Range(1, 1_000_000)] public double BurstPerAddress { get; init; } = 100;

    /// <summary>The same for one account from one address. From all addresses together an account takes ten times as many.</summary>
    [Range(1, 1_000_000)] public double TriesPerAccount { get; init; } = 10;
    [Range(1, 1_000_000)] public double BurstPerAccount { get; init; } = 10;

    /// <summary>Networks (10.0.0.0/8) whose X-Forwarded-For and X-Forwarded-Proto are believed, beside this machine.</summary>
    public string[] TrustedProxies { get; init; } = [];
}
