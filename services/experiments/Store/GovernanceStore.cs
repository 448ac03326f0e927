using System.Text.Json;
using CroPlatform.Services.Experiments.Decide.Governance;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>What was said of an experiment.</summary>
internal sealed record Comment(long Id, DateTimeOffset At, string Actor, string Text);

/// <summary>What people say of experiments, and what needs their saying so: reviews, comments, the site's rules.</summary>
internal sealed class GovernanceStore(NpgsqlDataSource source)
{
    public async Task<ApprovalRules> RulesAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await RulesAsync(db, site);
    }

    public static async Task<ApprovalRules> RulesAsync(NpgsqlConnection db, string site) =>
        await db.QuerySingleOrDefaultAsync<string>("select rules from approval_rules where site = @site", new { site }) is { } json
            ? JsonSerializer.Deserialize<ApprovalRules>(json, JsonBody.Options)!
            : new ApprovalRules();

    public static Task SetRulesAsync(NpgsqlTransaction transaction, string site, ApprovalRules rules) => transaction.Connection!.ExecuteAsync(
        "insert into approval_rules (site, rules) values (@site, @rules::jsonb) on conflict (site) do update set rules = excluded.rules",
        new { site, rules = JsonSerializer.Serialize(rules, JsonBody.Options) },
        transaction);

    public static Task AddReviewAsync(NpgsqlTransaction transaction, string site, string experiment, Review review) => transaction.Connection!.ExecuteAsync(
        """
        insert into reviews (site, experiment, definition_revision, actor, is_approval, comment, at)
        values (@site, @experiment, @DefinitionRevision, @Actor, @IsApproval, @Comment, @At)
        """,
        new { site, experiment, review.DefinitionRevision, review.Actor, review.IsApproval, review.Comment, review.At },
        transaction);

    /// <summary>The reviews of one definition, in order.</summary>
    public static async Task<IReadOnlyList<Review>> ReviewsAsync(NpgsqlConnection db, string site, string experiment, int definitionRevision)
    {
        var rows = await db.QueryAsync<(string Actor, bool IsApproval, string? Comment, DateTime At)>(
            """
            select actor, is_approval, comment, at from reviews
            where site = @site and experiment = @experiment and definition_revision = @definitionRevision order by id
            """,
            new { site, experiment, definitionRevision });
        return [.. rows.Select(r => new Review(definitionRevision, r.Actor, r.IsApproval, r.Comment, new DateTimeOffset(r.At, TimeSpan.Zero)))];
    }

    /// <returns>The approval in force; null: none.</returns>
    public async Task<Review?> ApprovalAsync(string site, StoredExperiment experiment, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await ApprovalAsync(db, site, experiment);
    }

    public static async Task<Review?> ApprovalAsync(NpgsqlConnection db, string site, StoredExperiment experiment) =>
        Approval.Of(await ReviewsAsync(db, site, experiment.Key, experiment.DefinitionRevision), experiment.DefinitionRevision, experiment.CreatedBy, experiment.EditedBy);

    public static async Task<Comment> AddCommentAsync(NpgsqlTransaction transaction, string site, string experiment, string actor, string text, DateTimeOffset at)
    {
        var id = await transaction.Connection!.ExecuteScalarAsync<long>(
            "insert into comments (site, experiment, actor, text, at) values (@site, @experiment, @actor, @text, @at) returning id",
            new { site, experiment, actor, text, at },
            transaction);
        return new Comment(id, at, actor, text);
    }

    public async Task<(IReadOnlyList<Comment> Comments, long Total)> CommentsAsync(string site, string experiment, int limit, int offset, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var parameters = new { site, experiment, limit, offset };
        var total = await db.ExecuteScalarAsync<long>("select count(*) from comments where site = @site and experiment = @experiment", parameters);
        var rows = await db.QueryAsync<(long Id, DateTime At, string Actor, string Text)>(
            "select id, at, actor, text from comments where site = @site and experiment = @experiment order by id limit @limit offset @offset", parameters);
        return ([.. rows.Select(r => new Comment(r.Id, new DateTimeOffset(r.At, TimeSpan.Zero), r.Actor, r.Text))], total);
    }
}
