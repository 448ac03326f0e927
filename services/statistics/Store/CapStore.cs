using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Percentile caps that were taken. The first one of a metric and analysis revision stands, until the control plane has pinned it.</summary>
internal sealed class CapStore(NpgsqlDataSource source)
{
    public async Task FreezeAsync(Experiment experiment, IEnumerable<FrozenCap> caps, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var cap in caps)
        {
            await using var db = await source.OpenConnectionAsync(ct);
            await db.ExecuteAsync(new CommandDefinition(
                """
                insert into caps (site, experiment, revision, metric, cap, units, frozen_at) values (@site, @experiment, @revision, @metric, @cap, @units, @at)
                on conflict do nothing
                """,
                new { site = experiment.Site, experiment = experiment.Key, revision = experiment.AnalysisRevision, metric = cap.Metric, cap = cap.CapE4, units = cap.Units, at = now.UtcDateTime },
                cancellationToken: ct));
        }
    }

    /// <summary>Those of metrics that have none in this version.</summary>
    public async Task<IReadOnlyList<FrozenCap>> ReadAsync(Experiment experiment, CancellationToken ct)
    {
        if (!experiment.Metrics.Any(m => m.IsCapOpen)) return [];
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Metric, long Cap, long Units)>(new CommandDefinition(
            "select metric, cap, units from caps where site = @site and experiment = @experiment and revision = @revision order by metric",
            new { site = experiment.Site, experiment = experiment.Key, revision = experiment.AnalysisRevision }, cancellationToken: ct));
        return [.. rows.Select(r => new FrozenCap(r.Metric, r.Cap, r.Units))];
    }
}
