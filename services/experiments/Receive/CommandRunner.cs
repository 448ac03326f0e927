using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Store;
using Npgsql;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>
/// Carries a command out in one transaction: what it changes, what it publishes, its row in the audit log and the answer under its idempotency
/// key are there together or not at all.
/// </summary>
internal sealed class CommandRunner(NpgsqlDataSource source, Publisher publisher, TimeProvider clock) : IDisposable
{
    /// <summary>A command holds one connection and reads by another: few at once, so that the pool (20 where ./cro sets it) never runs dry between the two.</summary>
    private const int AtOnce = 6;

    private readonly SemaphoreSlim _room = new(AtOnce);

    /// <param name="act">Changes what is to be changed within the transaction; refused, nothing stays of it.</param>
    public async Task<Outcome> RunAsync(Caller caller, Func<NpgsqlTransaction, Task<Outcome>> act, CancellationToken ct)
    {
        var outcome = await CommitAsync(caller, act, ct);
        return outcome.Publication is not { } publication || await publisher.PublishedAsync(publication, ct)
            ? outcome
            : Outcome.Refused(new FieldProblem("not_published_yet", null, "the change is stored and will be published as soon as the log answers"));
    }

    public void Dispose() => _room.Dispose();

    private async Task<Outcome> CommitAsync(Caller caller, Func<NpgsqlTransaction, Task<Outcome>> act, CancellationToken ct)
    {
        await _room.WaitAsync(ct);
        try
        {
            await using var db = await source.OpenConnectionAsync(ct);
            await using var transaction = await db.BeginTransactionAsync(ct);
            var now = clock.GetUtcNow();
            if (caller.Idempotency is { } request && await IdempotencyKeys.FindAsync(transaction, caller.Site, request, now) is { } known) return known;
            var outcome = await act(transaction);
            if (outcome.Problem is not null) return outcome;
            if (caller.Idempotency is { } carriedOut) await IdempotencyKeys.AddAsync(transaction, caller.Site, carriedOut, outcome, now);

            // Who leaves now must not leave it open whether it was done.
            await transaction.CommitAsync(CancellationToken.None);
            return outcome;
        }
        finally
        {
            _room.Release();
        }
    }
}
