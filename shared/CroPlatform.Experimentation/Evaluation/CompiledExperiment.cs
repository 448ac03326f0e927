using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>
/// One version of one experiment, compiled once, and its decisions. Immutable; decides without I/O or locks, and without allocation unless
/// holdouts are met or targeting compares more than plain values.
/// </summary>
public sealed class CompiledExperiment
{
    /// <summary>Longer chains of prerequisites are not followed: the last one counts as not met.</summary>
    public const int MaxChain = 10;

    private readonly BucketRanges _ranges;
    private readonly FrozenDictionary<string, int> _forced;
    private readonly int _served;

    /// <exception cref="FormatException">Its targeting, its pages or a variant that it names cannot be read.</exception>
    internal CompiledExperiment(Experiment experiment, IReadOnlyDictionary<string, JsonElement> groups)
    {
        Experiment = experiment;
        _ranges = BucketRanges.Of(experiment.CurrentPhase);
        Targeting = Compile(experiment.CurrentPhase.TargetingJson, groups);
        Pages = experiment.UrlPatterns.IsEmpty ? null : PagePatterns.Parse(experiment.UrlPatterns);
        _forced = experiment.Forced.ToFrozenDictionary(f => f.UnitId, f => Index(f.Variant), StringComparer.Ordinal);
        _served = experiment.Served is { } served ? Index(served.Variant) : experiment.Control;
    }

    public Experiment Experiment { get; }

    /// <summary>Whether its own decision reads attributes, those of its prerequisites left aside.</summary>
    public bool ReadsAttributes => Targeting is not null || Pages is not null;

    internal Condition? Targeting { get; }
    internal PagePatterns? Pages { get; }

    /// <param name="site">Where prerequisites are found.</param>
    /// <param name="depth">How many prerequisites led here.</param>
    internal Decision Decide(SiteRules site, in EvaluationContext context, int depth = 0)
    {
        var unit = context.Unit(Experiment.Unit);
        if (Experiment.Status != ExperimentStatus.Running) return NotRunning(unit);
        if (string.IsNullOrEmpty(unit)) return Out(AssignmentReason.NoUnit);
        if (_forced.TryGetValue(unit, out var forced)) return new Decision(forced, false, AssignmentReason.Forced, null, null);
        var within = Admit(site, unit, context, depth);
        return Experiment.Holdouts.IsEmpty ? within : HoldOut(within, context);
    }

    /// <summary>What was remembered of this experiment, or null; <paramref name="isBlocked"/>: under a version that is no longer valid.</summary>
    internal StickyBucket? Remembered(IReadOnlyList<StickyBucket>? buckets, out bool isBlocked)
    {
        isBlocked = false;
        StickyBucket? found = null;
        for (var i = 0; i < (buckets?.Count ?? 0); i++)
        {
            var bucket = buckets![i];
            if (bucket.Experiment != Experiment.Key) continue;
            isBlocked |= bucket.BucketVersion < Experiment.MinBucketVersion;
            if (bucket.BucketVersion == Experiment.BucketVersion && Experiment.IndexOfVariant(bucket.Variant) >= 0) found = bucket;
        }

        return isBlocked ? null : found;
    }

    private Decision NotRunning(string? unit)
    {
        if (Experiment.Served is not { } served) return Out(AssignmentReason.NotRunning);
        var isReached = served.Share >= 1
            || (!string.IsNullOrEmpty(unit) && Bucket.Position(Bucket.Of(Served.SeedOf(Experiment.Key), unit)) < served.Share);
        return isReached ? Out(AssignmentReason.NotRunning) with { Variant = _served, IsServed = true } : Out(AssignmentReason.NotRunning);
    }

    private Decision Admit(SiteRules site, string unit, in EvaluationContext context, int depth)
    {
        if (!MeetsPrerequisites(site, context, depth)) return Out(AssignmentReason.Prerequisite);
        if (!IsTargeted(context)) return Out(AssignmentReason.Targeting);
        foreach (var layer in Experiment.Layers)
        {
            if (!layer.Holds(unit)) return Out(AssignmentReason.Layer);
        }

        return Split(unit, context);
    }

    private bool MeetsPrerequisites(SiteRules site, in EvaluationContext context, int depth)
    {
        foreach (var prerequisite in Experiment.Prerequisites)
        {
            if (depth == MaxChain || site.Find(prerequisite.Experiment) is not { } parent) return false;
            var decision = parent.Decide(site, context, depth + 1);
            if (!decision.IsGiven || !prerequisite.Variants.Contains(parent.Experiment.Variants[decision.Variant].Key)) return false;
        }

        return true;
    }

    private bool IsTargeted(in EvaluationContext context)
    {
        try
        {
            return Experiment.Schedule?.Holds(context.Time) != false
                && Targeting?.Holds(context.AttributesFor(Targeting)) != false
                && Pages?.Match(context.PageUrl) != false;
        }
        catch (Exception e) when (e is InvalidOperationException or JsonException)
        {
            // An attribute's text or name that is not valid Unicode, which JSON can carry: nothing is targeted by it, and no answer fails.
            return false;
        }
    }

    private Decision Split(string unit, in EvaluationContext context)
    {
        var phase = Experiment.CurrentPhase;
        var position = Bucket.Position(Bucket.Of(phase.Seed, unit));
        if (Experiment.Sticky)
        {
            if (Remembered(context.Sticky, out var isBlocked) is { } bucket)
            {
                return new Decision(Experiment.IndexOfVariant(bucket.Variant), true, AssignmentReason.Sticky, position, bucket.Propensity);
            }

            if (isBlocked) return Out(AssignmentReason.Sticky, position);
        }

        var variant = _ranges.VariantAt(position);
        return variant < 0
            ? Out(AssignmentReason.Coverage, position)
            : new Decision(variant, true, AssignmentReason.Split, position, phase.Weights[variant]) { StoreSticky = Experiment.Sticky };
    }

    private Decision HoldOut(in Decision within, in EvaluationContext context)
    {
        var met = ImmutableArray.CreateBuilder<HoldoutExposure>(Experiment.Holdouts.Length);
        var isHeldOut = false;
        foreach (var holdout in Experiment.Holdouts)
        {
            if (context.Unit(holdout.Unit) is not { Length: > 0 } unit) continue;
            var holds = holdout.Holds(unit);
            isHeldOut |= holds;
            met.Add(new HoldoutExposure(holdout.Experiment, holdout.Version, holdout.Unit, holds ? holdout.HeldOut : holdout.Included));
        }

        var decision = isHeldOut ? Out(AssignmentReason.Holdout) : within;
        return within.InExperiment ? decision with { Holdouts = met.ToImmutable() } : decision;
    }

    private Decision Out(AssignmentReason reason, double? position = null) => new(Experiment.Control, false, reason, position, null);

    private int Index(string variant) => Experiment.IndexOfVariant(variant) is >= 0 and var index
        ? index
        : throw new FormatException($"experiment '{Experiment.Key}' has no variant '{variant}'");

    private static Condition? Compile(ReadOnlyMemory<byte> json, IReadOnlyDictionary<string, JsonElement> groups)
    {
        if (json.IsEmpty) return null;
        using var document = JsonDocument.Parse(json);
        return Condition.Parse(document.RootElement, groups);
    }
}
