using System.Text.Json;
using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Statistics.Tests;

/// <summary>The frequentist methods as reference cases call them.</summary>
internal static class FrequentistCases
{
    public static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods = new()
    {
        ["normal_log_upper_tail"] = a => Normal.LogUpperTail(a.D("z")).Figures(),
        ["normal_upper_quantile"] = a => Normal.UpperQuantile(a.D("p")).Figures(),
        ["t_two_sided"] = a => Tail(StudentT.TwoSided(a.D("t"), a.D("df"))),
        ["t_upper_quantile"] = a => StudentT.UpperQuantile(a.D("p"), a.D("df")).Figures(),
        ["chi_square_upper"] = a => Tail(ChiSquare.UpperTail(a.D("x"), a.D("df"))),
        ["f_upper"] = a => Tail(FisherF.UpperTail(a.D("f"), a.D("d1"), a.D("d2"))),
        ["beta_cdf"] = a => Tail(BetaDistribution.Cdf(a.D("x"), a.D("a"), a.D("b"))),
        ["beta_quantile"] = a => BetaDistribution.Quantile(a.D("p"), a.D("a"), a.D("b")).Figures(),
        ["log_beta"] = a => Gammas.LogBeta(a.D("a"), a.D("b")).Figures(),
        ["two_proportion_z_pooled"] = a => TwoProportions.PooledZ(Control(a), Treatment(a), a.Alternative(), a.B("correct")).Figures(),
        ["two_proportion_z_unpooled"] = a => TwoProportions.UnpooledZ(Control(a), Treatment(a), a.Alternative()).Figures(),
        ["two_proportion_wald"] = a => TwoProportions.Difference(Control(a), Treatment(a), a.Confidence(), a.Alternative()).Figures(),
        ["lift_fieller"] = a => RelativeLift.Fieller(a.D("m0"), a.D("v0"), a.D("m1"), a.D("v1"), a.Confidence(), a.D("df", double.PositiveInfinity), a.Alternative()).Figures(),
        ["lift_delta"] = a => RelativeLift.Delta(a.D("m0"), a.D("v0"), a.D("m1"), a.D("v1"), a.Confidence()).Figures(),
        ["lift_log_delta"] = a => RelativeLift.LogDelta(a.D("m0"), a.D("v0"), a.D("m1"), a.D("v1"), a.Confidence()).Figures(),
        ["chi_square"] = a => ContingencyTable.ChiSquare(a.Proportions(), a.B("yates")).Figures(),
        ["g_test"] = a => ContingencyTable.G(a.Proportions()).Figures(),
        ["chi_square_table"] = a => ContingencyTable.ChiSquare(Table(a)).Figures(),
        ["welch_t"] = a => WelchT.Test(a.Samples()[0], a.Samples()[1], a.Alternative()).Figures(),
        ["welch_difference"] = a => WelchT.Difference(a.Samples()[0], a.Samples()[1], a.Confidence()).Figures(),
        ["welch_anova"] = a => WelchAnova.Test(a.Samples()).Figures(),
        ["fisher_exact"] = a => FisherExact.Test(Control(a), Treatment(a), a.Alternative()).Figures(),
        ["barnard_exact"] = a => UnconditionalExact.Barnard(Control(a), Treatment(a), a.Alternative()).Figures(),
        ["boschloo_exact"] = a => UnconditionalExact.Boschloo(Control(a), Treatment(a), a.Alternative()).Figures(),
        ["mann_whitney"] = a => MannWhitney.Test(a.Ds("control"), a.Ds("treatment"), a.Alternative(),
            Enum.Parse<RankMethod>(a.S("mode"), ignoreCase: true), !a.B("uncorrected")).Figures(),
        ["cmh"] = a => MantelHaenszel.Test(Strata(a), a.B("correct")).Figures(),
        ["mh_odds_ratio"] = a => MantelHaenszel.OddsRatio(Strata(a).Select(s => (s[0], s[1])).ToArray()).Figures(),
        ["mh_risk_difference"] = a => MantelHaenszel.RiskDifference(Strata(a).Select(s => (s[0], s[1])).ToArray()).Figures(),
        ["ratio_delta"] = a => RatioMetric.Delta(Pair(a.Rows("rows"))).Figures(),
        ["ratio_fieller"] = a => RatioMetric.Fieller(Pair(a.Rows("rows"))).Figures(),
        ["ratio_compare"] = a => RatioMetric.Compare(Pair(a.Rows("control")), Pair(a.Rows("treatment"))).Test.Figures(),
        ["quantile_clustered"] = a => QuantileMetric.Of(a.Ds("values"), a.Ds("units").Select(u => (int)u).ToArray(), a.D("q")).Figures(),
        ["wilson"] = a => BinomialInterval.Wilson(Control(a), a.Confidence()).Figures(),
        ["agresti_coull"] = a => BinomialInterval.AgrestiCoull(Control(a), a.Confidence()).Figures(),
        ["clopper_pearson"] = a => BinomialInterval.ClopperPearson(Control(a), a.Confidence()).Figures(),
        ["jeffreys"] = a => BinomialInterval.Jeffreys(Control(a), a.Confidence()).Figures(),
        ["newcombe"] = a => DifferenceInterval.Newcombe(Control(a), Treatment(a), a.Confidence()).Figures(),
        ["miettinen_nurminen"] = a => DifferenceInterval.MiettinenNurminen(Control(a), Treatment(a), a.Confidence()).Figures(),
        ["mee"] = a => DifferenceInterval.Mee(Control(a), Treatment(a), a.Confidence()).Figures(),
        ["agresti_caffo"] = a => DifferenceInterval.AgrestiCaffo(Control(a), Treatment(a), a.Confidence()).Figures(),
        ["score_test"] = a => DifferenceInterval.ScoreTest(Control(a), Treatment(a), a.D("delta"), a.Alternative()).Figures(),
        ["cohen_h"] = a => EffectSize.CohenH(Control(a), Treatment(a)).Figures(),
        ["cohen_d"] = a => EffectSize.CohenD(a.Samples()[0], a.Samples()[1]).Figures(),
        ["hedges_g"] = a => EffectSize.HedgesG(a.Samples()[0], a.Samples()[1]).Figures(),
        ["odds_ratio"] = a => EffectSize.OddsRatio(Control(a), Treatment(a)).Figures(),
        ["non_inferior_means"] = a => NonInferiority.Means(a.Samples()[0], a.Samples()[1], a.D("margin")).Figures(),
        ["equivalent_means"] = a => NonInferiority.EquivalentMeans(a.Samples()[0], a.Samples()[1], a.D("margin")).Figures(),
        ["sample_ratio"] = a => SampleRatio.ChiSquare(a.Ls("observed"), a.Ds("shares")).Test.Figures(),
    };

    private static Proportion Control(JsonElement a) => a.Proportions()[0];

    private static Proportion Treatment(JsonElement a) => a.Proportions()[1];

    private static Proportion[][] Strata(JsonElement a) => a.GetProperty("strata").EnumerateArray()
        .Select(stratum => stratum.EnumerateArray().Select(v => new Proportion(v[0].GetInt64(), v[1].GetInt64())).ToArray()).ToArray();

    private static PairSummary Pair(double[][] rows) => MomentMatrix.Of(rows).Pair(0, 1).Value;

    private static Dictionary<string, double> Tail(Tail tail) => new() { ["p"] = tail.P, ["log_p"] = tail.LogP };

    private static long[,] Table(JsonElement a)
    {
        var rows = a.Rows("table");
        var table = new long[rows.Length, rows[0].Length];
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < rows[0].Length; j++)
                table[i, j] = (long)rows[i][j];
        return table;
    }
}
