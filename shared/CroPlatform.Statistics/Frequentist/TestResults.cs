using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>From a statistic to a test result.</summary>
internal static class TestResults
{
    public static TestResult OfZ(string method, double z, Alternative alternative)
    {
        var tail = Tail.FromLog(Normal.LogUpperTail(Signed(z, alternative)));
        return Of(method, z, null, alternative == Alternative.TwoSided ? tail.Doubled() : tail, alternative);
    }

    public static TestResult OfT(string method, double t, double degreesOfFreedom, Alternative alternative) =>
        alternative == Alternative.TwoSided
            ? Of(method, t, degreesOfFreedom, StudentT.TwoSided(t, degreesOfFreedom))
            : Of(method, t, degreesOfFreedom, StudentT.UpperTail(Signed(t, alternative), degreesOfFreedom), alternative);

    public static TestResult OfChiSquare(string method, double statistic, double degreesOfFreedom) =>
        Of(method, statistic, degreesOfFreedom, ChiSquare.UpperTail(statistic, degreesOfFreedom));

    public static TestResult OfF(string method, double f, double numerator, double denominator) =>
        Of(method, f, numerator, FisherF.UpperTail(f, numerator, denominator)) with { DenominatorDegreesOfFreedom = denominator };

    public static TestResult Of(
        string method, double statistic, double? degreesOfFreedom, Tail p, Alternative alternative = Alternative.TwoSided) =>
        new(method, statistic, degreesOfFreedom, p.P, p.LogP) { Alternative = alternative };

    private static double Signed(double statistic, Alternative alternative) => alternative switch
    {
        Alternative.Greater => statistic,
        Alternative.Less => -statistic,
        _ => Math.Abs(statistic),
    };
}
