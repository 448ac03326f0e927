using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Work that one instance does at a time: the one that holds an advisory lock of Postgres.</summary>
internal static class LeaderLock
{
    /// <summary>Does the work, or nothing if another instance holds the lock.</summary>
    public static async Task TryRunAsync(NpgsqlDataSource source, long key, Func<Task> work, CancellationToken ct)
    {
        await using var leader = await source.OpenConnectionAsync(ct);
        await using var acquire = new NpgsqlCommand($"select pg_try_advisory_lock({key})", leader);
        if (await acquire.ExecuteScalarAsync(ct) is not true) return;
        try
        {
            await work();
        }
        finally
        {
            // The connection goes back to the pool, where it would keep the lock.
            await using var release = new NpgsqlCommand($"select pg_advisory_unlock({key})", leader);
            await release.ExecuteScalarAsync(CancellationToken.None);
        }
    }
}
