namespace CroPlatform.Broker.Serve;

/// <summary>Memory that all connections share for large requests and responses: who asks for more than is left waits, first come first served.</summary>
internal sealed class MemoryBudget(int total)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(int Bytes, TaskCompletionSource Granted)> _waiting = [];
    private readonly int _total = total;
    private int _left = total;

    /// <param name="wanted">At most the whole budget is taken.</param>
    /// <returns>Gives it back.</returns>
    public async ValueTask<IDisposable> TakeAsync(int wanted, CancellationToken cancel)
    {
        var share = new Share(this, Math.Min(wanted, _total));
        var granted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<(int, TaskCompletionSource)> place;
        lock (_gate)
        {
            if (_waiting.Count == 0 && share.Bytes <= _left)
            {
                _left -= share.Bytes;
                return share;
            }

            place = _waiting.AddLast((share.Bytes, granted));
        }

        using var given = cancel.Register(() =>
        {
            lock (_gate)
            {
                if (place.List is not null)
                    _waiting.Remove(place);
                else
                    return;
            }

            granted.TrySetCanceled(cancel);
        });
        await granted.Task;
        return share;
    }

    private void GiveBack(int returned)
    {
        lock (_gate)
        {
            _left += returned;
            while (_waiting.First is { } first && first.Value.Bytes <= _left)
            {
                _left -= first.Value.Bytes;
                _waiting.RemoveFirst();
                first.Value.Granted.TrySetResult();
            }
        }
    }

    private sealed class Share(MemoryBudget budget, int bytes) : IDisposable
    {
        private bool _returned;

        public int Bytes => bytes;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, true))
                return;
            budget.GiveBack(bytes);
        }
    }
}
