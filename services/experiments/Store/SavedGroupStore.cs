using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;
using SavedGroup = CroPlatform.Experimentation.SavedGroup;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>Saved groups; each change goes to the outbox in its own transaction.</summary>
internal sealed class SavedGroupStore(NpgsqlDataSource source, TimeProvider clock)
{
    /// <returns>The outbox id of the publication; null if the site has a group of this key already.</returns>
    public Task<long?> TryAddAsync(NpgsqlTransaction transaction, string site, string actor, SavedGroupRequest group) => WriteAsync(
        transaction,
        """
        insert into saved_groups (site, key, definition, created_at) values (@site, @key, @definition::jsonb, @at)
        on conflict (site, key) do nothing
        """,
        site, actor, "saved_group.created", group);

    /// <returns>The outbox id of the publication; null if the site has no group of this key.</returns>
    public Task<long?> TryReplaceAsync(NpgsqlTransaction transaction, string site, string actor, SavedGroupRequest group) => WriteAsync(
        transaction,
        "update saved_groups set definition = @definition::jsonb where site = @site and key = @key", site, actor, "saved_group.changed", group);

    public async Task<IReadOnlyList<SavedGroupRequest>> ListAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<string>(new CommandDefinition(
            "select definition from saved_groups where site = @site order by key", new { site }, cancellationToken: ct));
        return [.. rows.Select(r => JsonSerializer.Deserialize<SavedGroupRequest>(r, JsonBody.Options)!)];
    }

    public async Task<IReadOnlySet<string>> KeysAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return (await db.QueryAsync<string>(new CommandDefinition(
            "select key from saved_groups where site = @site", new { site }, cancellationToken: ct))).ToHashSet();
    }

    private async Task<long?> WriteAsync(
        NpgsqlTransaction transaction, string sql, string site, string actor, string action, SavedGroupRequest group)
    {
        var db = transaction.Connection!;
        var before = await db.QuerySingleOrDefaultAsync<string>(
            "select definition from saved_groups where site = @site and key = @key for update", new { site, key = group.Key }, transaction);
        var (definition, at) = (JsonSerializer.Serialize(group, JsonBody.Options), clock.GetUtcNow());
        if (await db.ExecuteAsync(sql, new { site, key = group.Key, definition, at }, transaction) == 0) return null;
        var model = new SavedGroup(site, group.Key!, group.Attribute!, JsonSerializer.SerializeToUtf8Bytes(group.Values));
        var published = await Outbox.AppendAsync(transaction, [new ConfigurationRecord { SavedGroup = model.ToWire() }]);
        var entry = new AuditEntry(site, actor, action, "saved_group", group.Key!, before is null ? null : JsonSerializer.Deserialize<SavedGroupRequest>(before, JsonBody.Options), group);
        await AuditLog.AppendAsync(transaction, entry, at);
        return published;
    }
}
