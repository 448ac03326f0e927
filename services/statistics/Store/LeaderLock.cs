using System.Data;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Work that one instance does at a time: the one that holds an advisory lock of Postgres.</summary>
internal static class LeaderLock
{
    /// <summary>Does the work, or nothing if another instance holds the lock.</summary>
    /// <param name="work">Gets the connection that holds the lock: as long as it answers, no other instance leads.</param>
    public static async Task TryRunAsync(NpgsqlDataSource source, long key, Func<NpgsqlConnection, Task> work, CancellationToken ct)
    {
        await using var leader = await source.OpenConnectionAsync(ct);
        await using var acquire = new NpgsqlCommand($"select pg_try_advisory_lock({key})", leader);
        if (await acquire.ExecuteScalarAsync(ct) is not true) return;
        try
        {
            await work(leader);
        }
        finally
        {
            // The connection goes back to the pool, where it would keep the lock. A lost one has lost it.
            if (leader.State == ConnectionState.Open)
            {
                await using var release = new NpgsqlCommand($"select pg_advisory_unlock({key})", leader);
                await release.ExecuteScalarAsync(CancellationToken.None);
            }
        }
    }
}
