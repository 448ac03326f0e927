namespace CroPlatform.ServiceDefaults.Limits;

/// <summary>How fast a bucket fills, and how much it holds.</summary>
/// <param name="PerSecond">Tokens a second, above 0.</param>
/// <param name="Burst">Tokens that a full bucket holds, at least 1.</param>
public readonly record struct TokenRate(double PerSecond, double Burst);

/// <summary>
/// A token bucket in one number: the moment at which it will be full again (the generic cell rate algorithm, ITU-T I.371). Taking a token
/// neither locks nor allocates, and an idle bucket costs no timer.
/// </summary>
public sealed class TokenBucket
{
    private long _fullAt;

    /// <summary>Takes one token; false if there is none, with the time until there is.</summary>
    public bool TryTake(TokenRate rate, TimeProvider clock, out TimeSpan wait)
    {
        ArgumentNullException.ThrowIfNull(clock);
        var (now, token) = (clock.GetTimestamp(), (long)(clock.TimestampFrequency / rate.PerSecond));
        while (true)
        {
            var before = Volatile.Read(ref _fullAt);
            var after = Math.Max(before, now) + token;
            var over = after - now - (long)(rate.Burst * token);
            if (over > 0)
            {
                wait = TimeSpan.FromSeconds((double)over / clock.TimestampFrequency);
                return false;
            }

            wait = TimeSpan.Zero;
            if (Interlocked.CompareExchange(ref _fullAt, after, before) == before) return true;
        }
    }

    /// <summary>Whether nothing was taken for so long that a new bucket would be the same.</summary>
    public bool IsFull(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return Volatile.Read(ref _fullAt) <= clock.GetTimestamp();
    }
}
