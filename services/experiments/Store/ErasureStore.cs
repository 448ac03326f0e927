using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;
using Erasure = CroPlatform.Experimentation.Configuration.Erasure;
using ErasedUnit = CroPlatform.Experimentation.Configuration.ErasedUnit;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>An erasure as it was asked for.</summary>
internal sealed record ErasureRow(string Id, DateTimeOffset RequestedAt, string RequestedBy, IReadOnlyList<ErasedUnitView> Units);

/// <param name="Sha256">Of <c>site|unit_type|id</c>, hexadecimal: whoever knows the id can check that it is the one.</param>
internal sealed record ErasedUnitView(string UnitType, string Sha256);

/// <summary>The list of the forgotten; each entry is published in the transaction that makes it.</summary>
internal sealed class ErasureStore(NpgsqlDataSource source)
{
    /// <returns>The row, and the outbox id of the publication.</returns>
    public static async Task<(ErasureRow Row, long Publication)> AddAsync(
        NpgsqlTransaction transaction, string site, string actor, IReadOnlyList<ErasedUnit> units, DateTimeOffset at)
    {
        var row = new ErasureRow(Guid.CreateVersion7(at).ToString("N"), at, actor, [.. units.Select(u => new ErasedUnitView(u.UnitType, u.Digest))]);
        await transaction.Connection!.ExecuteAsync(
            "insert into erasures (site, id, requested_at, requested_by, units) values (@site, @Id, @RequestedAt, @RequestedBy, @units::jsonb)",
            new { site, row.Id, row.RequestedAt, row.RequestedBy, units = JsonSerializer.Serialize(row.Units, JsonBody.Options) },
            transaction);
        var erasure = new Erasure(site, row.Id, at.ToUnixTimeMilliseconds(), [.. units]);
        var publication = await Outbox.AppendAsync(transaction, [new ConfigurationRecord { Erasure = erasure.ToWire() }]);
        await AuditLog.AppendAsync(transaction, new AuditEntry(site, actor, "person.erased", "erasure", row.Id, After: new { row.Units }), at);
        return (row, publication);
    }

    public async Task<ErasureRow?> FindAsync(string site, string id, CancellationToken ct) =>
        (await ReadAsync("site = @site and id = @id", new { site, id }, ct)).SingleOrDefault();

    public Task<IReadOnlyList<ErasureRow>> ListAsync(string site, ListQuery query, CancellationToken ct) => ReadAsync(
        $"site = @site order by requested_at {(query.Descending ? "desc" : "asc")}, id limit @Limit offset @Offset", new { site, query.Limit, query.Offset }, ct);

    public async Task<long> CountAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from erasures where site = @site", new { site }, cancellationToken: ct));
    }

    private async Task<IReadOnlyList<ErasureRow>> ReadAsync(string where, object parameters, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Id, DateTime At, string By, string Units)>(
            new CommandDefinition($"select id, requested_at, requested_by, units::text from erasures where {where}", parameters, cancellationToken: ct));
        return [.. rows.Select(r => new ErasureRow(
            r.Id, new DateTimeOffset(r.At, TimeSpan.Zero), r.By, JsonSerializer.Deserialize<List<ErasedUnitView>>(r.Units, JsonBody.Options)!))];
    }
}
