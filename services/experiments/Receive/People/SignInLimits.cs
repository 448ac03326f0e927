using System.Net;
using CroPlatform.ServiceDefaults.Limits;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>
/// How often one may try to sign in: from an address, to an account from an address, and, far more often, to an account from everywhere, so that
/// nobody easily locks somebody else out.
/// </summary>
internal sealed class SignInLimits(TimeProvider clock, IOptions<SessionOptions> options, RateLimits limits)
{
    private const int Everywhere = 10;

    private readonly TokenBuckets<IPAddress> _addresses = new(clock);
    private readonly TokenBuckets<(string Account, IPAddress Address)> _pairs = new(clock);
    private readonly TokenBuckets<string> _accounts = new(clock);

    public bool TryTake(IPAddress address, string account, out TimeSpan wait)
    {
        var o = options.Value;
        var key = account.ToLowerInvariant();
        var mayTry = _addresses.TryTake(address, new TokenRate(o.TriesPerAddress / 60, o.BurstPerAddress), out wait)
            && _pairs.TryTake((key, address), new TokenRate(o.TriesPerAccount / 60, o.BurstPerAccount), out wait)
            && _accounts.TryTake(key, new TokenRate(o.TriesPerAccount * Everywhere / 60, o.BurstPerAccount * Everywhere), out wait);
        if (!mayTry) limits.CountRefusal("sign_in");
        return mayTry;
    }
}
