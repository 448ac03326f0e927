using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>When a site's pairs of experiments were tested last, and when somebody asked for it.</summary>
internal sealed record InteractionRun(DateTimeOffset? ComputedAt, DateTimeOffset? RequestedAt);

/// <summary>Each site's last report on interactions, and what the results of its experiments say of it.</summary>
internal sealed class InteractionStore(NpgsqlDataSource source)
{
    public async Task<IReadOnlyDictionary<string, InteractionRun>> RunsAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Site, DateTime? Computed, DateTime? Requested)>(new CommandDefinition(
            "select site, computed_at, requested_at from interactions", cancellationToken: ct));
        return rows.ToDictionary(r => r.Site, r => new InteractionRun(r.Computed, r.Requested));
    }

    /// <summary>Null before the first report.</summary>
    public async Task<InteractionReport?> FindAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteScalarAsync<string?>(new CommandDefinition("select report::text from interactions where site = @site", new { site }, cancellationToken: ct)) is { } report
            ? JsonSerializer.Deserialize<InteractionReport>(report, ExperimentResults.Json)
            : null;
    }

    public async Task RequestAsync(string site, DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            "insert into interactions (site, requested_at) values (@site, @at) on conflict (site) do update set requested_at = excluded.requested_at",
            new { site, at = now.UtcDateTime }, cancellationToken: ct));
    }

    /// <summary>Puts the report in the place of the last one. What was said of experiments that have ended since stays.</summary>
    public async Task SaveAsync(string site, InteractionReport report, IEnumerable<Experiment> experiments, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            """
            insert into interactions (site, computed_at, report) values (@site, @at, @report::jsonb)
            on conflict (site) do update set computed_at = excluded.computed_at, report = excluded.report
            """,
            new { site, at = report.ComputedAt.UtcDateTime, report = JsonSerializer.Serialize(report, ExperimentResults.Json) }, transaction, cancellationToken: ct));
        var keys = experiments.Select(e => e.Key).ToArray();
        await db.ExecuteAsync(new CommandDefinition(
            "delete from interaction_warnings where site = @site and experiment = any(@keys)", new { site, keys }, transaction, cancellationToken: ct));
        var warnings = Interactions.Warnings(report).ToList();
        await db.ExecuteAsync(new CommandDefinition(
            "insert into interaction_warnings (site, experiment, code, text) select @site, * from unnest(@experiments, @codes, @texts)",
            new
            {
                site,
                experiments = warnings.ConvertAll(w => w.Experiment).ToArray(),
                codes = warnings.ConvertAll(w => w.Warning.Code).ToArray(),
                texts = warnings.ConvertAll(w => w.Warning.Text).ToArray(),
            },
            transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
    }

    public async Task<IReadOnlyList<Reason>> WarningsAsync(Experiment experiment, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Code, string Text)>(new CommandDefinition(
            "select code, text from interaction_warnings where site = @site and experiment = @experiment order by text limit @Most",
            new { site = experiment.Site, experiment = experiment.Key, Most }, cancellationToken: ct));
        return [.. rows.Select(r => new Reason(r.Code, r.Text))];
    }

    /// <summary>The same of all experiments at once.</summary>
    public async Task<ILookup<(string Site, string Experiment), Reason>> WarningsAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Site, string Experiment, string Code, string Text)>(new CommandDefinition(
            """
            select site, experiment, code, text
            from (select *, row_number() over (partition by site, experiment order by text) as place from interaction_warnings) w
            where place <= @Most order by text
            """,
            new { Most }, cancellationToken: ct));
        return rows.ToLookup(r => (r.Site, r.Experiment), r => new Reason(r.Code, r.Text));
    }

    /// <summary>More would bury all other warnings; the report has them all.</summary>
    private const int Most = 20;
}
