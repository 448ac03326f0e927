using System.Runtime.CompilerServices;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Privacy;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A person's rows, and how far an erasure is.</summary>
internal sealed class PrivacyStore(NpgsqlDataSource source)
{
    private static readonly int Partitions = Topics.All.Where(t => t.Name is Topics.Events or Topics.Facts).Sum(t => t.Partitions);

    /// <summary>What the analysis knows of a unit; null: nothing.</summary>
    public async Task<UnitHistory?> FindAsync(string site, PersonUnit unit, CancellationToken ct)
    {
        const string sql = "select partition, state from units where site = @site and unit = @name and (partition >= @First) = (@type <> 'visitor')";
        await using var db = await source.OpenConnectionAsync(ct);
        var (name, type) = (UnitHistory.NameOf(unit.UnitType, unit.Unit), unit.UnitType);
        var row = await db.QuerySingleOrDefaultAsync<(int Partition, byte[] State)?>(
            new CommandDefinition(sql, new { site, name, type, First = Lane.FirstOfFacts }, cancellationToken: ct));
        return row is { } found ? UnitCodec.Decode(site, name, found.Partition, found.State) : null;
    }

    /// <summary>Every record in quarantine that was an accepted event, whose site may not have been readable.</summary>
    public async IAsyncEnumerable<byte[]> QuarantinedAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = db.QueryUnbufferedAsync<byte[]>("select record from quarantine where topic = @Events and record <> ''", new { Topics.Events });
        await foreach (var record in rows.WithCancellation(ct)) yield return record;
    }

    public async Task<ErasureState> StateAsync(string site, string id, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = (await db.QueryAsync<(int Units, long Facts, int Quarantined, string[] Experiments)>(new CommandDefinition(
            "select units, facts, quarantined, experiments from erased where site = @site and erasure = @id", new { site, id }, cancellationToken: ct))).ToList();
        var state = new ErasureState { Done = rows.Count == Partitions };
        state.Erased.Add("units", rows.Sum(r => (long)r.Units));
        state.Erased.Add("facts", rows.Sum(r => r.Facts));
        state.Erased.Add("quarantined", rows.Sum(r => (long)r.Quarantined));
        state.Experiments.AddRange(rows.SelectMany(r => r.Experiments).Distinct().Order(StringComparer.Ordinal));
        return state;
    }
}
