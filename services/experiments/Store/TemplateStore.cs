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
    public Task<bool> TryAddAsync(string site, TemplateRequest template, CancellationToken ct) => WriteAsync(
        """
        insert into templates (site, key, definition, created_at) values (@site, @key, @definition::jsonb, @at)
        on conflict (site, key) do nothing
        """,
        site, template, ct);

    /// <summary>False if the site has no template of this key.</summary>
    public Task<bool> TryReplaceAsync(string site, TemplateRequest template, CancellationToken ct) => WriteAsync(
        "update templates set definition = @definition::jsonb where site = @site and key = @key", site, template, ct);

    /// <summary>False if the site has no template of this key.</summary>
    public async Task<bool> TryDeleteAsync(string site, string key, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteAsync(new CommandDefinition(
            "delete from templates where site = @site and key = @key", new { site, key }, cancellationToken: ct)) == 1;
    }

    private async Task<bool> WriteAsync(string sql, string site, TemplateRequest template, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteAsync(new CommandDefinition(
            sql,
            new { site, key = template.Key, definition = JsonSerializer.Serialize(template, JsonBody.Options), at = clock.GetUtcNow() },
            cancellationToken: ct)) == 1;
    }

    private static TemplateRequest Parse(string json) => JsonSerializer.Deserialize<TemplateRequest>(json, JsonBody.Options)!;

    private static List<TemplateRequest> Read()
    {
        using var stream = typeof(TemplateStore).Assembly.GetManifestResourceStream("templates.json")!;
        return JsonSerializer.Deserialize<List<TemplateRequest>>(stream, JsonBody.Options)!;
    }
}
