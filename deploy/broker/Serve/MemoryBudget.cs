using System.Threading.RateLimiting;

namespace CroPlatform.Broker.Serve;

/// <summary>Memory that all connections share for large requests and responses: who asks for more than is left waits for its turn.</summary>
/// <param name="total">In bytes.</param>
internal sealed class MemoryBudget(int total) : IDisposable
{
    private const int Unit = 64 * 1024;

    private readonly ConcurrencyLimiter _limiter = new(new() { PermitLimit = total / Unit, QueueLimit = int.MaxValue });

    /// <param name="bytes">At most the whole budget is taken.</param>
    /// <returns>Gives it back.</returns>
    public async ValueTask<IDisposable> TakeAsync(int bytes, CancellationToken cancel)
    {
        var lease = await _limiter.AcquireAsync(Math.Min((bytes + Unit - 1) / Unit, total / Unit), cancel);
        return lease.IsAcquired ? lease : throw new IOException("too many requests wait for memory");
    }

    public void Dispose() => _limiter.Dispose();
}
