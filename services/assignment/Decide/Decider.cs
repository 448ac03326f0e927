using System.Collections.Immutable;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Services.Assignment.Store;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>
/// Decides by the snapshot in force. Sticky experiments apart, that is all: nothing is awaited. For those, what a unit has kept is read first, and
/// what it gets for the first time is kept before it is told.
/// </summary>
internal sealed class Decider(SnapshotHolder holder, StickyStore sticky)
{
    public ValueTask<AssignmentAnswer> DecideAsync(string site, SiteRules rules, Experiment experiment, in EvaluationContext context)
    {
        if (holder.IsStale) return ValueTask.FromResult(Fallback(experiment));
        return experiment.Sticky || !experiment.Prerequisites.IsEmpty
            ? DecideStickyAsync(site, rules, experiment, context)
            : ValueTask.FromResult(new AssignmentAnswer(experiment.Key, experiment, rules.Decide(experiment.Key, context)));
    }

    private async ValueTask<AssignmentAnswer> DecideStickyAsync(string site, SiteRules rules, Experiment experiment, EvaluationContext context)
    {
        var involved = rules.StickyFor(experiment.Key).Select(e => e.Experiment).ToList();
        try
        {
            var own = await FindAsync(site, involved, context, e => e.Unit);
            var linked = context.UserId is { Length: > 0 } && involved.Exists(e => IsLinked(e))
                ? await FindAsync(site, involved.FindAll(IsLinked), context, _ => UnitTypes.User)
                : [];
            // What a visitor was given stays his on this device; what his account was given elsewhere counts where he has nothing yet.
            var kept = own.AddRange(linked.Where(l => !own.Exists(o => o.Experiment == l.Experiment && o.BucketVersion == l.BucketVersion)));
            var decision = rules.Decide(experiment.Key, context with { Sticky = kept });
            if (!decision.InExperiment || !experiment.Sticky) return new AssignmentAnswer(experiment.Key, experiment, decision);
            var bucket = await KeepAsync(site, experiment, decision, context, own, linked);
            var first = rules.Decide(experiment.Key, context with { Sticky = kept.Add(bucket) });
            // Somebody else was first: his answer is ours. Else it is told as what it is, the first one.
            return new AssignmentAnswer(experiment.Key, experiment, first.Variant == decision.Variant ? decision : first);
        }
        catch (StickyUnavailableException)
        {
            return Fallback(experiment);
        }
    }

    /// <summary>Keeps a decision for the unit and, where he has signed in, for the user, so that it is his on other devices, too.</summary>
    private async Task<StickyBucket> KeepAsync(
        string site, Experiment experiment, Decision decision, EvaluationContext context, ImmutableList<StickyBucket> own, ImmutableList<StickyBucket> linked)
    {
        var bucket = new StickyBucket(experiment.Key, experiment.BucketVersion, experiment.Variants[decision.Variant].Key, decision.Propensity);
        if (!own.Exists(IsSame)) bucket = await sticky.KeepAsync(new StickyUnit(site, experiment.Unit, context.Unit(experiment.Unit)!), bucket);
        if (IsLinked(experiment) && context.UserId is { Length: > 0 } user && !linked.Exists(IsSame))
        {
            await sticky.KeepAsync(new StickyUnit(site, UnitTypes.User, user), bucket);
        }

        return bucket;

        bool IsSame(StickyBucket known) => known.Experiment == bucket.Experiment && known.BucketVersion == bucket.BucketVersion;
    }

    private async Task<ImmutableList<StickyBucket>> FindAsync(
        string site, List<Experiment> experiments, EvaluationContext context, Func<Experiment, string> unitType)
    {
        var found = ImmutableList<StickyBucket>.Empty;
        foreach (var unit in experiments.GroupBy(unitType))
        {
            if (context.Unit(unit.Key) is not { Length: > 0 } id) continue;
            found = found.AddRange(await sticky.FindAsync(new StickyUnit(site, unit.Key, id), [.. unit.Select(e => e.Key)]));
        }

        return found;
    }

    /// <summary>Signing in links these units to a user; accounts hold many users, so theirs are not linked.</summary>
    private static bool IsLinked(Experiment experiment) => experiment.Unit is UnitTypes.Visitor or UnitTypes.Device;

    private static AssignmentAnswer Fallback(Experiment experiment) =>
        new(experiment.Key, experiment, new Decision(experiment.Control, false, AssignmentReason.Stale, null, null));
}
