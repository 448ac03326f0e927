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

    /// <summary>False if the site has a template of this key already.</summary>
    public Task<bool> TryAddAsync(string site, string actor, TemplateRequest template, CancellationToken ct) =>
        WriteAsync(site, actor, "template.created", template.Key!, null, template, ct);

    /// <summary>False if the site has no template of this key.</summary>
    public async Task<bool> TryReplaceAsync(string site, string actor, TemplateRequest template, CancellationToken ct) =>
        await FindAsync(site, template.Key!, ct) is { } before && await WriteAsync(site, actor, "template.changed", template.Key!, before, template, ct);

    /// <summary>False if the site has no template of this key.</summary>
    public async Task<bool> TryDeleteAsync(string site, string actor, string key, CancellationToken ct) =>
        await FindAsync(site, key, ct) is { } before && await WriteAsync(site, actor, "template.deleted", key, before, null, ct);

    private async Task<bool> WriteAsync(
        string site, string actor, string action, string key, TemplateRequest? before, TemplateRequest? after, CancellationToken ct)
    {
        var sql = (before, after) switch
        {
            (null, _) =>
                """
                insert into templates (site, key, definition, created_at) values (@site, @key, @definition::jsonb, @now)
                on conflict (site, key) do nothing
                """,
            (_, null) => "delete from templates where site = @site and key = @key",
            _ => "update templates set definition = @definition::jsonb where site = @site and key = @key",
        };
        var now = clock.GetUtcNow();
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        var written = await db.ExecuteAsync(sql, new { site, key, definition = JsonSerializer.Serialize(after, JsonBody.Options), now }, transaction);
        if (written == 0) return false;
        await AuditLog.AppendAsync(transaction, new AuditEntry(site, actor, action, "template", key, before, after), now);
        await transaction.CommitAsync(ct);
        return true;
    }

    private static TemplateRequest Parse(string json) => JsonSerializer.Deserialize<TemplateRequest>(json, JsonBody.Options)!;

    private static List<TemplateRequest> Read()
    {
        using var stream = typeof(TemplateStore).Assembly.GetManifestResourceStream("templates.json")!;
        return JsonSerializer.Deserialize<List<TemplateRequest>>(stream, JsonBody.Options)!;
    }
}
