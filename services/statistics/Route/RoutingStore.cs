using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Kafka;
using CroPlatform.Postgres;
using CroPlatform.ServiceDefaults;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Route;

/// <summary>How far each partition is routed, and for which experiments: both in the same transaction.</summary>
internal sealed class RoutingStore(NpgsqlDataSource source, Cluster cluster, TimeProvider clock)
{
    /// <summary>The router's rows stand beside those of the fold, which reads the same topic.</summary>
    private const string Ledger = "cro.events.v1>cro.facts.v1";

    /// <summary>An event may be an hour ahead of its receipt, and news of a start some time behind it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromHours(2);

    /// <summary>Claims a partition for this process.</summary>
    public async Task<(Claim Claim, HashSet<(string Site, string Experiment)> Served)> OpenAsync(int partition, string logId, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var claim = await OffsetLedger.ClaimAsync(db, Ledger, partition, logId, ct);
        if (claim.IsNewLog) await db.ExecuteAsync(new CommandDefinition("delete from routed where partition = @partition", new { partition }, cancellationToken: ct));
        var served = await db.QueryAsync<(string, string)>(new CommandDefinition(
            "select site, experiment from routed where partition = @partition", new { partition }, cancellationToken: ct));
        return (claim, [.. served]);
    }

    /// <exception cref="FencedException">Another process owns the partition now.</exception>
    public async Task<Claim> AdvanceAsync(Claim claim, long next, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        await OffsetLedger.AdvanceAsync(transaction, claim, next, ct);
        await transaction.CommitAsync(ct);
        return claim with { Next = next };
    }

    /// <summary>Moves back to the first event that one of these experiments may need, and notes that they are served from there on.</summary>
    /// <exception cref="FencedException">Another process owns the partition now.</exception>
    public async Task RewindAsync(Claim claim, long next, IReadOnlyList<Experiment> fresh, CancellationToken ct)
    {
        var from = DateTimeOffset.FromUnixTimeMilliseconds(fresh.Min(e => e.StartedMs)) - Margin;
        // The log's own times are the machine's: on another clock nothing can be looked up by them.
        var start = clock is SimulatedClock ? 0 : await cluster.OffsetAtAsync(Topics.Events, claim.Partition, from) ?? next;
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        await OffsetLedger.AdvanceAsync(transaction, claim, Math.Min(start, next), ct);
        await db.ExecuteAsync(
            "insert into routed (partition, site, experiment) select @partition, * from unnest(@sites, @experiments) on conflict do nothing",
            new { partition = claim.Partition, sites = fresh.Select(e => e.Site).ToArray(), experiments = fresh.Select(e => e.Key).ToArray() },
            transaction);
        await transaction.CommitAsync(ct);
    }
}
