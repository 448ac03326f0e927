using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>The specification's steps of running one experiment for one user, in its order.</summary>
internal static class ExperimentRun
{
    public static ExperimentResult Run(
        FeatureSet features, InlineExperiment experiment, string? feature, UserContext user, EvaluationPath? path, bool askParents = true)
    {
        if (experiment.Variations.Length < 2 || !user.Enabled) return Out();
        if (experiment.UrlTargets?.Match(user.Url) == false) return Out();
        if (QueryStringOverride.Find(experiment.Key, user.Url, experiment.Variations.Length) is { } asked) return Result(asked);
        if (user.ForcedVariations.TryGetValue(experiment.Key, out var forced)) return Result(forced);
        if (!experiment.IsActive) return Out();

        var (attribute, unit) = user.HashValue(experiment.HashAttribute, experiment.FallbackFor(user));
        if (unit.ValueKind == JsonValueKind.Undefined) return Out();
        var text = JavaScript.Text(unit);
        var sticky = experiment.DisableStickyBucketing ? null : user.Sticky;
        var (variation, isBlocked) = sticky?.Find(experiment, user) ?? (-1, false);
        var isRemembered = variation >= 0;
        // Who was in stays in, whatever has become of the targeting since.
        if (!isRemembered && !MayEnter()) return Out();
        if (Bucket.Position(experiment.Seed, text, experiment.HashVersion) is not { } position) return Out();
        if (!isRemembered) variation = experiment.Ranges.VariantAt(position);
        if (isBlocked) return Out(stickyUsed: true);
        if (variation < 0) return Out();
        if (experiment.Force is { } everybody) return Result(everybody);
        if (user.QaMode) return Out();

        var result = Result(variation) with { HashUsed = true, Bucket = position, StickyBucketUsed = isRemembered };
        sticky?.Save(experiment, attribute, unit, result.Key);
        return result;

        bool MayEnter() =>
            (experiment.Filters?.All(f => f.Includes(user)) ?? experiment.Namespace?.Includes(text) != false)
            && experiment.Condition?.Holds(user.Attributes) != false
            && (!askParents || features.Meet(experiment.Parents, user, path) == Meeting.Met);

        ExperimentResult Out(bool stickyUsed = false) => Result(-1) with { StickyBucketUsed = stickyUsed };

        ExperimentResult Result(int index)
        {
            var isIn = index >= 0 && index < experiment.Variations.Length;
            var at = isIn ? index : 0;
            var (key, name, passthrough) = at < experiment.Meta.Length ? experiment.Meta[at] : default;
            var (hashAttribute, hashValue) = user.HashValue(experiment.HashAttribute, experiment.FallbackFor(user));
            return new ExperimentResult
            {
                Key = key ?? JavaScript.Text(JavaScript.Element(at)),
                Name = name,
                FeatureId = feature,
                VariationId = at,
                Value = at < experiment.Variations.Length ? experiment.Variations[at] : JsonRead.Null,
                InExperiment = isIn,
                HashUsed = false,
                HashAttribute = hashAttribute,
                HashValue = hashValue,
                Passthrough = passthrough,
            };
        }
    }
}
