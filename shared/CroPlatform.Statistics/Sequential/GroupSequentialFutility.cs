using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Sequential;

/// <summary>
/// Futility by spending type-II error: a lower bound when one-sided, an inner wedge about 0 when two-sided.
/// Sources: Pampallona, Tsiatis, Kim, Drug Information J. 35 (2001); inner wedges: Jennison, Turnbull (2000), ch. 5;
/// which looks have one: the R package rpact, without its rescaling of the error left over.
/// </summary>
public sealed partial class GroupSequentialDesign
{
    /// <summary>Looks for the drift at which the futility bound meets the upper bound at the last look.</summary>
    private static Computed<GroupSequentialDesign> WithFutility(double[] t, GroupSequentialOptions options)
    {
        var closed = new bool[t.Length];
        if (options.TwoSided)
        {
            // no wedge at looks where even the one-sided test of half the error goes on at z = 0; what they leave is spent later
            var half = WithFutility(t, options with { TwoSided = false, Alpha = options.Alpha / 2 });
            if (half.Missing is { } missing)
                return missing;
            closed = half.Value.LowerBounds.Select(b => b < 0).ToArray();
        }
        var nonBinding = options.BindingFutility ? null : Efficacy(t, options);
        double Gap(double drift)
        {
            var (upper, futility) = Bounds(t, options, drift, nonBinding, closed);
            return futility[^1] - upper[^1];
        }
        var start = Normal.UpperQuantile(options.Tail) + Normal.UpperQuantile(options.Beta);
        var drift = Roots.Bracketed(Gap, start * 1.03, 0, 60, 1e-12);
        var (b, a) = Bounds(t, options, drift, nonBinding, closed);
        if (!(Math.Abs(a[^1] - b[^1]) <= 1e-6))
            return NotComputable.NoConvergence("No drift makes the futility bounds meet the efficacy bounds.");
        a[^1] = b[^1];
        return options.TwoSided
            ? new GroupSequentialDesign(options, t, b, b.Select(bound => -bound).ToArray(), drift, a)
            : new GroupSequentialDesign(options, t, b, a, drift);
    }

    private static (double[] Upper, double[] Futility) Bounds(
        double[] t, GroupSequentialOptions options, double drift, double[]? nonBinding, bool[] closed)
    {
        var upper = nonBinding?.ToArray() ?? new double[t.Length];
        var futility = new double[t.Length];
        var null0 = SubDensity.Start(0);
        var effect = SubDensity.Start(drift);
        double spentAlpha = 0, spentBeta = 0;
        for (var k = 0; k < t.Length; k++)
        {
            if (nonBinding is null)
            {
                var alpha = options.AlphaSpending.Spent(t[k], options.Tail);
                upper[k] = Bound(alpha - spentAlpha, b => null0.Above(t[k], b));
                spentAlpha = alpha;
            }
            var a = 0.0;
            if (!closed[k])
            {
                var beta = options.BetaSpending!.Spent(t[k], options.Beta);
                a = options.TwoSided ? WedgeBound(beta - spentBeta, effect, t[k]) : -Bound(beta - spentBeta, b => effect.Below(t[k], -b));
                spentBeta = beta;
            }
            futility[k] = k + 1 < t.Length ? Math.Min(a, upper[k]) : a;
            if (k + 1 == t.Length)
                break;
            var (low, wedge) = options.TwoSided ? (-upper[k], futility[k]) : (futility[k], 0);
            if (nonBinding is null)
                null0 = null0.Continue(t[k], low, upper[k], t[k + 1], wedge);
            effect = effect.Continue(t[k], low, upper[k], t[k + 1], wedge);
        }
        return (upper, futility);
    }

    /// <summary>The half-width that holds the error to spend; 0 where there is nothing to spend.</summary>
    private static double WedgeBound(double error, SubDensity effect, double time) =>
        error <= 1e-300 ? 0 : Roots.Bracketed(a => Math.Log(Math.Max(effect.Within(time, a), 1e-320)) - Math.Log(error), 1, 0, 40, 1e-14);
}
