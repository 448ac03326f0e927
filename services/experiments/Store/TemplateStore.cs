using System.Collections.Frozen;
using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>The templates that every site has (Store/Ready/templates.json), and a site's own.</summary>
internal sealed class TemplateStore(NpgsqlDataSource source, TimeProvider clock)
{
    public static IReadOnlyList<TemplateRequest> Ready { get; } = Read();

    private static readonly FrozenDictionary<string, TemplateRequest> ReadyByKey = Ready.ToFrozenDictionary(t => t.Key!);

    public static bool IsReady(string key) => ReadyByKey.ContainsKey(key);

    public async Task<TemplateRequest?> FindAsync(string site, string key, CancellationToken ct)
    {
        if (ReadyByKey.TryGetValue(key, out var ready)) return ready;
        await using var db = await source.OpenConnectionAsync(ct);
        var own = await db.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            "select definition from templates where site = @site and key = @key", new { site, key }, cancellationToken: ct));
        return own is null ? null : Parse(own);
    }

    /// <summary>A site's own templates, by their keys.</summary>
    public async Task<IReadOnlyList<TemplateRequest>> OwnAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<string>(new CommandDefinition(
            "select definition from templates where site = @site order by key", new { site }, cancellationToken: ct));
        return [.. rows.Select(Parse)];
    }

    /// <summary>Adds, changes or deletes a template of the site's own.</summary>
    /// <param name="after">Null: it is deleted.</param>
    /// <param name="isNew">Whether it must not be there, or must be.</param>
    /// <returns>False if it is there where it must not be, or is not where it must be.</returns>
    public async Task<bool> TryWriteAsync(NpgsqlTransaction transaction, string site, string actor, string key, TemplateRequest? after, bool isNew)
    {
        var db = transaction.Connection!;
        var now = clock.GetUtcNow();
        var before = await db.QuerySingleOrDefaultAsync<string>(
            "select definition from templates where site = @site and key = @key for update", new { site, key }, transaction);
        if (isNew == before is not null) return false;
        var (sql, action) = (isNew, after) switch
        {
            (true, _) =>
                ("insert into templates (site, key, definition, created_at) values (@site, @key, @definition::jsonb, @now) on conflict (site, key) do nothing", "created"),
            (_, null) => ("delete from templates where site = @site and key = @key", "deleted"),
            _ => ("update templates set definition = @definition::jsonb where site = @site and key = @key", "changed"),
        };
        if (await db.ExecuteAsync(sql, new { site, key, definition = JsonSerializer.Serialize(after, JsonBody.Options), now }, transaction) == 0) return false;
        await AuditLog.AppendAsync(
            transaction, new AuditEntry(site, actor, "template." + action, "template", key, before is null ? null : Parse(before), after), now);
        return true;
    }

    private static TemplateRequest Parse(string json) => JsonSerializer.Deserialize<TemplateRequest>(json, JsonBody.Options)!;

    private static List<TemplateRequest> Read()
    {
        using var stream = typeof(TemplateStore).Assembly.GetManifestResourceStream("templates.json")!;
        return JsonSerializer.Deserialize<List<TemplateRequest>>(stream, JsonBody.Options)!;
    }
}
