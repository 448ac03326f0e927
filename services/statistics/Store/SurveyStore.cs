using System.Runtime.CompilerServices;
using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A survey with the moment it is of.</summary>
/// <param name="Changes">How often the experiment's numbers had changed by then.</param>
internal sealed record StoredSurvey(SurveyNumbers Numbers, DateTimeOffset TakenAt, bool IsFrozen, long Changes);

/// <summary>Reads all units of a site, whoever owns their partitions, and keeps what was found.</summary>
internal sealed class SurveyStore(NpgsqlDataSource source)
{
    private const int Page = 2_000;

    private static readonly IReadOnlyList<int> Lanes =
    [
        .. Enumerable.Range(0, Topics.All.Single(t => t.Name == Topics.Events).Partitions),
        .. Enumerable.Range(Lane.FirstOfFacts, Topics.All.Single(t => t.Name == Topics.Facts).Partitions),
    ];

    /// <summary>
    /// All units of a site, a page at a time, each as it stands when it is read: a walk of many seconds in one snapshot would keep Postgres from clearing
    /// away what checkpoints write again and again meanwhile.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<UnitHistory>> ReadAsync(string site, [EnumeratorCancellation] CancellationToken ct)
    {
        const string sql = "select unit, state from units where partition = @lane and site = @site and unit > @last order by unit limit @Page";
        foreach (var lane in Lanes)
        {
            var last = "";
            while (true)
            {
                List<(string Unit, byte[] State)> rows;
                await using (var db = await source.OpenConnectionAsync(ct))
                {
                    rows = (await db.QueryAsync<(string, byte[])>(new CommandDefinition(sql, new { lane, site, last, Page }, cancellationToken: ct))).AsList();
                }

                if (rows.Count > 0) yield return rows.ConvertAll(r => UnitCodec.Decode(site, r.Unit, lane, r.State));
                if (rows.Count < Page) break;
                last = rows[^1].Unit;
            }
        }
    }

    /// <summary>With which version and how many changes each experiment was surveyed last.</summary>
    public async Task<IReadOnlyDictionary<(string Site, string Experiment), (int Version, long Changes)>> TakenAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Site, string Experiment, int Version, long Changes)>(new CommandDefinition(
            "select site, experiment, version, changes from surveys", cancellationToken: ct));
        return rows.ToDictionary(r => (r.Site, r.Experiment), r => (r.Version, r.Changes));
    }

    public async Task<StoredSurvey?> FindAsync(Experiment experiment, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var row = await db.QuerySingleOrDefaultAsync<(int Version, DateTime At, byte[] Body, bool IsFrozen, long Changes)?>(new CommandDefinition(
            """
            select version, taken_at, body, exists (select from dimension_values d where d.site = s.site and d.experiment = s.experiment), changes
            from surveys s where site = @site and experiment = @experiment
            """,
            new { site = experiment.Site, experiment = experiment.Key }, cancellationToken: ct));
        if (row is not { } found) return null;
        var numbers = SurveyCodec.Decode(experiment, found.Body);
        // Metrics were added since: the next survey has them.
        var isCurrent = numbers.Slices.Values.All(c => c.Moments.Length == experiment.Metrics.Length);
        return isCurrent ? new StoredSurvey(numbers, new DateTimeOffset(found.At, TimeSpan.Zero), found.IsFrozen, found.Changes) : null;
    }

    public async Task SaveAsync(SurveyNumbers survey, long changes, DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            """
            insert into surveys (site, experiment, version, changes, taken_at, body) values (@site, @experiment, @version, @changes, @at, @body)
            on conflict (site, experiment) do update set version = excluded.version, changes = excluded.changes, taken_at = excluded.taken_at, body = excluded.body
            """,
            new
            {
                site = survey.Experiment.Site,
                experiment = survey.Experiment.Key,
                version = survey.Experiment.Version,
                changes,
                at = now.UtcDateTime,
                body = SurveyCodec.Encode(survey),
            },
            cancellationToken: ct));
    }

    /// <summary>The frozen values of each dimension, in the order of <see cref="Dimensions.Names"/>; null before they are.</summary>
    public async Task<IReadOnlyList<IReadOnlySet<string>>?> ValuesAsync(Experiment experiment, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = (await db.QueryAsync<(string Dimension, string[] Values)>(new CommandDefinition(
            "select dimension, values from dimension_values where site = @site and experiment = @experiment",
            new { site = experiment.Site, experiment = experiment.Key }, cancellationToken: ct))).ToDictionary(r => r.Dimension, r => r.Values);
        return rows.Count == 0 ? null : [.. Dimensions.Names.Select(name => rows.GetValueOrDefault(name, []).ToHashSet())];
    }

    public async Task FreezeAsync(Experiment experiment, IReadOnlyList<IReadOnlySet<string>> values, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        foreach (var (name, its) in Dimensions.Names.Zip(values))
        {
            await db.ExecuteAsync(new CommandDefinition(
                "insert into dimension_values (site, experiment, dimension, values) values (@site, @experiment, @name, @its) on conflict do nothing",
                new { site = experiment.Site, experiment = experiment.Key, name, its = its.Order(StringComparer.Ordinal).ToArray() }, cancellationToken: ct));
        }
    }
}
