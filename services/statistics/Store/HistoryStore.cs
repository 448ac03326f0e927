using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Hourly results of each experiment.</summary>
internal sealed class HistoryStore(NpgsqlDataSource source)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Sets the rows of the hours that the results are of.</summary>
    public async Task SaveAsync(IEnumerable<(string Site, ExperimentResults Results)> all, CancellationToken ct)
    {
        var rows = all.ToList();
        if (rows.Count == 0) return;
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            """
            insert into history (site, experiment, hour, as_of, results)
            select site, experiment, hour, as_of, results::jsonb from unnest(@sites, @experiments, @hours, @asOf, @results) as h (site, experiment, hour, as_of, results)
            on conflict (site, experiment, hour) do update set as_of = excluded.as_of, results = excluded.results
            """,
            new
            {
                sites = rows.ConvertAll(r => r.Site),
                experiments = rows.ConvertAll(r => r.Results.Experiment),
                asOf = rows.ConvertAll(r => r.Results.AsOf.UtcDateTime),
                hours = rows.ConvertAll(r => new DateTime(r.Results.AsOf.UtcTicks - r.Results.AsOf.UtcTicks % Hour.Ticks, DateTimeKind.Utc)),
                results = rows.ConvertAll(r => JsonSerializer.Serialize(HistoryPoint.Of(r.Results), ExperimentResults.Json)),
            },
            cancellationToken: ct));
    }

    /// <summary>The latest hours, in order.</summary>
    public async Task<IReadOnlyList<(DateTimeOffset AsOf, HistoryPoint Point)>> ReadAsync(Experiment experiment, int most, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(DateTime AsOf, string Results)>(new CommandDefinition(
            """
            select as_of, results::text from history where site = @site and experiment = @experiment order by hour desc limit @most
            """,
            new { site = experiment.Site, experiment = experiment.Key, most }, cancellationToken: ct));
        return [.. rows.Reverse().Select(r => (new DateTimeOffset(r.AsOf, TimeSpan.Zero), JsonSerializer.Deserialize<HistoryPoint>(r.Results, ExperimentResults.Json)!))];
    }
}
