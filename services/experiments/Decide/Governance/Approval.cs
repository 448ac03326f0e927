using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Decide.Governance;

/// <summary>What somebody said of one definition of an experiment.</summary>
/// <param name="DefinitionRevision">Which definition was looked at: a changed one has to be looked at again.</param>
internal sealed record Review(int DefinitionRevision, string Actor, bool IsApproval, string? Comment, DateTimeOffset At);

/// <summary>Who may approve, and whether the present definition is approved. Pure.</summary>
internal static class Approval
{
    /// <summary>Nobody approves what he made or changed last.</summary>
    public static FieldProblem? CannotReview(string actor, string? author, string? editor) =>
        actor == author || actor == editor ? new FieldProblem("own_work", null, "nobody approves their own work: somebody else has to") : null;

    /// <param name="reviews">In order.</param>
    /// <returns>The approval in force: of the present definition, and not followed by a rejection.</returns>
    public static Review? Of(IEnumerable<Review> reviews, int definitionRevision, string? author, string? editor) =>
        reviews.Where(r => r.DefinitionRevision == definitionRevision).LastOrDefault() is { IsApproval: true } last && last.Actor != author && last.Actor != editor ? last : null;
}
