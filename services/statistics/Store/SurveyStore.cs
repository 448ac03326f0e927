using System.Data;
using System.Runtime.CompilerServices;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A survey with the moment it is of.</summary>
internal sealed record StoredSurvey(SurveyNumbers Numbers, DateTimeOffset TakenAt, bool IsFrozen);

/// <summary>Reads all units of a site, whoever owns their partitions, and keeps what was found.</summary>
internal sealed class SurveyStore(NpgsqlDataSource source)
{
    /// <summary>One snapshot of all units: several walks through it see the same.</summary>
    public async Task<UnitSnapshot> OpenAsync(CancellationToken ct)
    {
        var db = await source.OpenConnectionAsync(ct);
        return new UnitSnapshot(db, await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct));
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
        var row = await db.QuerySingleOrDefaultAsync<(int Version, DateTime At, byte[] Body, bool IsFrozen)?>(new CommandDefinition(
            """
            select version, taken_at, body, exists (select from dimension_values d where d.site = s.site and d.experiment = s.experiment)
            from surveys s where site = @site and experiment = @experiment
            """,
            new { site = experiment.Site, experiment = experiment.Key }, cancellationToken: ct));
        if (row is not { } found) return null;
        var numbers = SurveyCodec.Decode(experiment, found.Body);
        // Metrics were added since: the next survey has them.
        var isCurrent = numbers.Slices.Values.All(c => c.Moments.Length == experiment.Metrics.Length);
        return isCurrent ? new StoredSurvey(numbers, new DateTimeOffset(found.At, TimeSpan.Zero), found.IsFrozen) : null;
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

/// <summary>All units at one moment.</summary>
internal sealed class UnitSnapshot(NpgsqlConnection db, NpgsqlTransaction transaction) : IAsyncDisposable
{
    public async IAsyncEnumerable<UnitHistory> ReadAsync(string site, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select unit, partition, state from units where site = @site", db, transaction) { Parameters = { new("site", site) } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) yield return UnitCodec.Decode(site, reader.GetString(0), reader.GetInt32(1), reader.GetFieldValue<byte[]>(2));
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await db.DisposeAsync();
    }
}
