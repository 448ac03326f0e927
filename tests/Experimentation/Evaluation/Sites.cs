using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Experimentation.Tests.Evaluation;

/// <summary>Plain experiments to change.</summary>
internal static class Sites
{
    public static readonly Experiment Ab = new()
    {
        Site = "s",
        Key = "e",
        Version = 1,
        EffectiveMs = 1,
        Status = ExperimentStatus.Running,
        Variants = [new Variant("control", "control"), new Variant("treatment", "treatment")],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(1, 0)] }],
    };

    public static SiteRules Of(params Experiment[] experiments) => experiments.Aggregate(SiteRules.Empty, (rules, e) => rules.With(e));

    /// <summary>The first of u0, u1 … whose bucket gives this variant; -1: none.</summary>
    public static string UnitIn(Experiment experiment, int variant) => Enumerable.Range(0, 10_000).Select(i => $"u{i}")
        .First(u => BucketRanges.Of(experiment.CurrentPhase).VariantAt(Bucket.Position(Bucket.Of(experiment.CurrentPhase.Seed, u))) == variant);
}
