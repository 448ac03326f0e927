using CroPlatform.Services.Statistics.Receive;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Meta;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>The effect over experiments, in the unit that they came in.</summary>
internal sealed record MetaAnalysisAnswer
{
    public required string Model { get; init; }
    public double? Effect { get; init; }
    public double? StandardError { get; init; }
    public double[]? Interval { get; init; }
    public double? PValue { get; init; }
    public double? LogPValue { get; init; }

    /// <summary>Variance between experiments; 0 for a fixed effect.</summary>
    public double? TauSquared { get; init; }

    /// <summary>Share of the variance that is between experiments, 0 to 1.</summary>
    public double? ISquared { get; init; }

    /// <summary>Cochran's Q: whether the experiments differ by more than chance.</summary>
    public double? Heterogeneity { get; init; }

    public double? HeterogeneityPValue { get; init; }

    /// <summary>Where the next experiment's effect lies.</summary>
    public double[]? PredictionInterval { get; init; }

    /// <summary>Each effect drawn towards the mean of all by its unreliability, in the order given.</summary>
    public IReadOnlyList<ShrunkEffect>? Shrunk { get; init; }

    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

internal sealed record ShrunkEffect(string? Key, double Effect, double StandardError);

/// <summary>One answer from several experiments.</summary>
internal static class MetaAnalysisCalculation
{
    public static MetaAnalysisAnswer Of(MetaAnalysisRequest request)
    {
        var given = request.Effects!.Select(e => e!).ToList();
        var effects = given.ConvertAll(e => new EffectEstimate(e.Effect!.Value, e.StandardError!.Value));
        var isFixed = request.Model == "fixed";
        var result = isFixed
            ? MetaAnalysis.FixedEffect(effects, request.Confidence)
            : MetaAnalysis.RandomEffects(effects, Estimator(request), request.HartungKnapp ?? true, request.Confidence);
        Computed<IReadOnlyList<EffectEstimate>> shrunk = isFixed
            ? new NotComputable("fixed_effect", "A fixed effect is the same in every experiment.")
            : MetaAnalysis.Shrink(effects);
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        if (shrunk.Missing is { } reason) missing["shrunk"] = reason.Code;
        return new MetaAnalysisAnswer
        {
            Model = request.Model,
            Effect = figures.Take("effect", result, r => r.Effect.Value),
            StandardError = figures.Take("standard_error", result, r => r.Effect.StandardError ?? double.NaN),
            Interval = figures.TakeInterval("interval", result.Map(r => r.Effect)),
            PValue = figures.Take("p_value", result, r => r.Test.PValue),
            LogPValue = figures.Take("log_p_value", result, r => r.Test.LogPValue),
            TauSquared = figures.Take("tau_squared", result, r => r.TauSquared),
            ISquared = figures.Take("i_squared", result, r => r.ISquared),
            Heterogeneity = figures.Take("heterogeneity", result, r => r.Heterogeneity.Statistic),
            HeterogeneityPValue = figures.Take("heterogeneity_p_value", result, r => r.Heterogeneity.PValue),
            PredictionInterval = figures.TakeInterval("prediction_interval", result.Then(r => r.PredictionInterval.Map(i => new Estimate(r.Effect.Value, null, i)))),
            Shrunk = shrunk.TryGet(out var all) ? [.. all.Select((e, i) => new ShrunkEffect(given[i].Key, e.Effect, e.StandardError))] : null,
            Missing = missing,
        };
    }

    private static HeterogeneityEstimator Estimator(MetaAnalysisRequest request) =>
        request.Estimator == "dersimonian_laird" ? HeterogeneityEstimator.DerSimonianLaird : HeterogeneityEstimator.Reml;
}
