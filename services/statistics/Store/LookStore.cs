using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Looks of group-sequential tests: what was seen then is what is judged for ever.</summary>
internal sealed class LookStore(NpgsqlDataSource source)
{
    public async Task<IReadOnlyList<Look>> ReadAsync(Experiment experiment, CancellationToken ct)
    {
        if (experiment.Decision.Method != DecisionMethod.GroupSequential) return [];
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(int Number, DateTime At, double Information, string Figures)>(new CommandDefinition(
            """
            select number, taken_at, information, figures::text from looks
            where site = @site and experiment = @experiment and revision = @revision order by number
            """,
            new { site = experiment.Site, experiment = experiment.Key, revision = experiment.AnalysisRevision }, cancellationToken: ct));
        return [.. rows.Select(r => new Look(
            r.Number, new DateTimeOffset(r.At, TimeSpan.Zero), r.Information, JsonSerializer.Deserialize<List<LookFigure>>(r.Figures)!))];
    }

    /// <summary>Stores a look, unless one of its number is there.</summary>
    public async Task TakeAsync(Experiment experiment, Look look, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            """
            insert into looks (site, experiment, revision, number, taken_at, information, figures)
            values (@site, @experiment, @revision, @number, @at, @information, @figures::jsonb) on conflict do nothing
            """,
            new
            {
                site = experiment.Site,
                experiment = experiment.Key,
                revision = experiment.AnalysisRevision,
                number = look.Number,
                at = look.At.UtcDateTime,
                information = look.Information,
                figures = JsonSerializer.Serialize(look.Figures),
            },
            cancellationToken: ct));
    }
}
