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

    /// <summary>Sets the row of the hour that the results are of.</summary>
    public async Task SaveAsync(string site, ExperimentResults results, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            """
            insert into history (site, experiment, hour, as_of, results) values (@site, @experiment, @hour, @asOf, @results::jsonb)
            on conflict (site, experiment, hour) do update set as_of = excluded.as_of, results = excluded.results
            """,
            new
            {
                site,
                experiment = results.Experiment,
                asOf = results.AsOf.UtcDateTime,
                hour = new DateTime(results.AsOf.UtcTicks - results.AsOf.UtcTicks % Hour.Ticks, DateTimeKind.Utc),
                results = JsonSerializer.Serialize(HistoryPoint.Of(results), ExperimentResults.Json),
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
