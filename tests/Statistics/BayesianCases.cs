using System.Text.Json;
using CroPlatform.Statistics.Bayesian;

namespace CroPlatform.Statistics.Tests;

/// <summary>The Bayesian methods as reference cases call them.</summary>
internal static class BayesianCases
{
    public static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods = new()
    {
        ["bayes_beta"] = a => Compare(Betas(a)[0], Betas(a)[1], a),
        ["bayes_normal"] = a => Compare(Normals(a)[0], Normals(a)[1], a),
        ["bayes_best_beta"] = a => Rank(Betas(a), a),
        ["bayes_best_normal"] = a => Rank(Normals(a), a),
        ["bayes_credible"] = a => Betas(a)[0].CredibleInterval(a.D("credibility")).Figures(),
        ["empirical_bayes"] = a => EmpiricalBayes.BetaPrior(a.Proportions()).Map(p => new Dictionary<string, double>
        {
            ["mean"] = p.A / (p.A + p.B),
            ["strength"] = p.A + p.B,
        }).Value,
        ["normal_update"] = a => new NormalPrior(a.D("mean"), a.D("variance")).Update(a.D("estimate"), a.D("squared_error")).Map(p => new Dictionary<string, double>
        {
            ["mean"] = p.Location,
            ["sd"] = p.Deviation,
        }).Value,
    };

    private static Posterior[] Betas(JsonElement a) => a.Rows("arms").Select(v => (Posterior)new BetaPosterior(v[0], v[1])).ToArray();

    private static Posterior[] Normals(JsonElement a) => a.Rows("arms").Select(v => (Posterior)new NormalPosterior(v[0], v[1])).ToArray();

    private static Dictionary<string, double> Compare(Posterior control, Posterior treatment, JsonElement a)
    {
        var comparison = BayesianComparison.Of(control, treatment, 0.95, a.B("lower_is_better")).Value;
        return new()
        {
            ["beats"] = comparison.ProbabilityBeatsControl,
            ["loss"] = comparison.ExpectedLoss,
            ["loss_control"] = comparison.ExpectedLossOfControl,
            ["difference_low"] = comparison.Difference.Interval.Low,
            ["difference_high"] = comparison.Difference.Interval.High,
            ["lift_low"] = comparison.Lift.Value.Interval.Low,
            ["lift_high"] = comparison.Lift.Value.Interval.High,
            ["lift_median"] = comparison.Lift.Value.Value,
            ["rope"] = comparison.ProbabilityInRegion(new(-0.01, 0.01)).Value,
        };
    }

    private static Dictionary<string, double> Rank(Posterior[] arms, JsonElement a)
    {
        var ranking = BayesianRanking.Of(arms, a.B("lower_is_better")).Value;
        var figures = new Dictionary<string, double>();
        for (var i = 0; i < arms.Length; i++)
        {
            figures[$"best{i}"] = ranking.ProbabilityBest[i];
            figures[$"loss{i}"] = ranking.ExpectedLoss[i];
        }
        return figures;
    }
}
