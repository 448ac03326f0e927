namespace CroPlatform.Broker.Serve;

/// <summary>Memory that all connections share for large requests and responses: who asks for more than is left waits, first come first served.</summary>
/// <param name="total">In bytes.</param>
internal sealed class MemoryBudget(int total) : IDisposable
{
    private const int Unit = 64 * 1024;

    private readonly int _units = total / Unit;
    private readonly SemaphoreSlim _left = new(total / Unit);
    private readonly SemaphoreSlim _turn = new(1);

    /// <param name="bytes">At most the whole budget is taken.</param>
    /// <returns>Gives it back.</returns>
    public async ValueTask<IDisposable> TakeAsync(int bytes, CancellationToken cancel)
    {
        var share = new Share(_left);
        await _turn.WaitAsync(cancel);
        try
        {
            for (var wanted = Math.Min((bytes + Unit - 1) / Unit, _units); wanted > 0; wanted--, share.Units++)
                await _left.WaitAsync(cancel);
            return share;
        }
        catch (OperationCanceledException)
        {
            share.Dispose();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _left.Dispose();
        _turn.Dispose();
    }

    private sealed class Share(SemaphoreSlim left) : IDisposable
    {
        private int _units;

        public ref int Units => ref _units;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _units, 0) is var units and > 0)
                left.Release(units);
        }
    }
}
