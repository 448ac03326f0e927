using System.Runtime.CompilerServices;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A sample of a site's units of one type, drawn by the hash of their names, so that every unit is as likely as any other.</summary>
internal sealed class TrafficSample(NpgsqlDataSource source)
{
    /// <summary>Enough for the error of a baseline to lie far below that of a plan.</summary>
    private const int MostUnits = 20_000;

    /// <summary>How many units each unit of the sample stands for.</summary>
    public async Task<int> ScaleAsync(string site, string unitType, long sinceMs, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var units = await db.ExecuteScalarAsync<long>(new CommandDefinition($"select count(*) {From}", Parameters(site, unitType, sinceMs), cancellationToken: ct));
        return (int)Math.Max(1, (units + MostUnits - 1) / MostUnits);
    }

    public async IAsyncEnumerable<UnitHistory> ReadAsync(string site, string unitType, long sinceMs, int scale, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = db.QueryUnbufferedAsync<(int Partition, string Unit, byte[] State)>(
            $"select partition, unit, state {From} and (hashtext(unit) & 2147483647) % @scale = 0", Parameters(site, unitType, sinceMs, scale));
        await foreach (var (partition, unit, state) in rows.WithCancellation(ct)) yield return UnitCodec.Decode(site, unit, partition, state);
    }

    // Visitors stand under their bare ids in the partitions of events, all other units under their type in those of facts.
    private const string From =
        """
        from units where site = @site and last_day >= @sinceMs / 86400000 and last_time >= @sinceMs
            and case when @unitType = 'visitor' then partition < @firstOfFacts else partition >= @firstOfFacts and starts_with(unit, @unitType || '|') end
        """;

    private static object Parameters(string site, string unitType, long sinceMs, int scale = 1) => new { site, unitType, sinceMs, scale, firstOfFacts = Lane.FirstOfFacts };
}
