using System.Text.Json;
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
        ["sample_ratio"] = a => SampleRatio.ChiSquare(a.Ls("observed"), a.Ds("shares")).Test.Figures(),
    };

    private static Proportion Control(JsonElement a) => a.Proportions()[0];

    private static Proportion Treatment(JsonElement a) => a.Proportions()[1];

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
