using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Decide.People;

/// <summary>
/// Passwords as PBKDF2 with HMAC-SHA512 and 210 000 rounds (OWASP's figure), in ASP.NET Core Identity's format. Each takes a tenth of a second of a
/// core, so only as many run at once as there are cores.
/// </summary>
internal sealed class Passwords : IDisposable
{
    public const int MinLength = 12;
    public const int MaxLength = 256;

    private static readonly object Nobody = new();

    private readonly PasswordHasher<object> _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = 210_000 }));
    private readonly SemaphoreSlim _cores = new(Environment.ProcessorCount);
    private readonly Lazy<string> _unknown;

    public Passwords() => _unknown = new Lazy<string>(() => _hasher.HashPassword(Nobody, Guid.NewGuid().ToString()));

    public Task<string> HashAsync(string password, CancellationToken ct) => RunAsync(() => _hasher.HashPassword(Nobody, password), ct);

    /// <summary>Whether it is the password. Without a hash the same work is done, so that the time does not tell whether there is an account.</summary>
    public Task<bool> VerifyAsync(string? hash, string password, CancellationToken ct) => RunAsync(
        () => _hasher.VerifyHashedPassword(Nobody, hash ?? _unknown.Value, password) != PasswordVerificationResult.Failed && hash is not null, ct);

    public void Dispose() => _cores.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken ct)
    {
        await _cores.WaitAsync(ct);
        try
        {
            return await Task.Run(work, ct);
        }
        finally
        {
            _cores.Release();
        }
    }
}
