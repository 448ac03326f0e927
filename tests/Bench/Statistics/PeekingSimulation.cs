using CroPlatform.Statistics;
using CroPlatform.Statistics.Bayesian;
using CroPlatform.Statistics.Numerics;
using CroPlatform.Statistics.PowerAnalysis;
using CroPlatform.Statistics.Sequential;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Bench.Statistics;

/// <summary>Type-I error when looking at every look, and power as designed. Arms of normal outcomes by their sums, conversions by binomial draws.</summary>
internal static class PeekingSimulation
{
    private const int Looks = 10;
    private const int PerLook = 1_000;
    private const double Rate = 0.1;

    public static bool Run(int runs, int seed)
    {
        var ok = true;
        var seeds = new Random(seed);
        var times = Enumerable.Range(1, Looks).Select(k => (double)k / Looks).ToArray();
        foreach (var (name, spending) in new[]
        {
            ("O'Brien-Fleming type", Spending.OBrienFleming), ("Pocock type", Spending.Pocock),
            ("Hwang-Shih-DeCani(-4)", Spending.HwangShihDeCani(-4)), ("Kim-DeMets(3)", Spending.KimDeMets(3)),
        })
        {
            var design = GroupSequentialDesign.Create(times, new() { AlphaSpending = spending }).Value;
            ok &= Report.Line($"group-sequential {name}, 10 looks, no effect", 0.05, Cross(design, 0, runs, new(seeds.Next())), runs, Report.Gate.NotAbove);
            ok &= Report.Line($"group-sequential {name}, power at its drift", 0.8, Cross(design, design.Drift, runs, new(seeds.Next())), runs, Report.Gate.NotBelow);
        }
        foreach (var (sided, alpha) in new[] { ("one-sided", 0.025), ("two-sided", 0.05) })
        {
            foreach (var binding in new[] { true, false })
            {
                var name = $"group-sequential {sided}, {(binding ? "binding" : "non-binding")} futility";
                var design = GroupSequentialDesign.Create(
                    times, new() { Alpha = alpha, TwoSided = sided == "two-sided", BetaSpending = Spending.OBrienFleming, BindingFutility = binding }).Value;
                ok &= Report.Line($"{name} obeyed, no effect", alpha, Cross(design, 0, runs, new(seeds.Next())), runs, Report.Gate.NotAbove);
                ok &= Report.Line($"{name}, power", 0.8, Cross(design, design.Drift, runs, new(seeds.Next())), runs, Report.Gate.NotBelow);
            }
        }
        ok &= Conversions(runs, seed);
        var plan = SampleSize.ForRelativeEffect(Rate, 0.1).Value;
        var found = Count(runs, new(seed + 9), random =>
            CroPlatform.Statistics.Frequentist.TwoProportions.PooledZ(Draw.Arm(random, plan.Control, Rate), Draw.Arm(random, plan.PerTreatment, Rate * 1.1)).Value.PValue <= 0.05);
        ok &= Report.Line($"fixed horizon, power of the planned {plan.Control} a variant, 10 % + 10 %", 0.8, found, runs, Report.Gate.NotBelow);
        return ok;
    }

    private static int Cross(GroupSequentialDesign design, double drift, int runs, Random random) => Count(runs, random, r =>
    {
        double score = 0, before = 0;
        for (var k = 0; k < design.Times.Count; k++)
        {
            var step = design.Times[k] - before;
            score += drift * step + Math.Sqrt(step) * Draw.Normal(r);
            before = design.Times[k];
            var z = score / Math.Sqrt(before);
            if (z >= design.UpperBounds[k] || (design.Options.TwoSided && z <= design.LowerBounds[k] && drift == 0))
                return true;
            if (z <= design.LowerBounds[k] || (design.WedgeBounds[k] > 0 && Math.Abs(z) <= design.WedgeBounds[k]))
                return false;
        }
        return false;
    });

    /// <summary>One run feeds all methods that watch conversions, looking 10 times at 1 000 more units in each arm.</summary>
    private static bool Conversions(int runs, int seed)
    {
        var random = new Random(seed + 4);
        int naive = 0, msprt = 0, sequence = 0, bernstein = 0, ratio = 0, bayes = 0;
        var design = AlwaysValid.TuningFactor(0.05) * Math.Sqrt(2 * Rate * (1 - Rate) / (Looks * PerLook));
        for (var run = 0; run < runs; run++)
        {
            Proportion c = new(0, 0), t = new(0, 0);
            bool n = false, m = false, s = false, b = false, mismatch = false, stopped = false;
            long unitsC = 0, unitsT = 0;
            for (var look = 1; look <= Looks; look++)
            {
                c = Add(c, Draw.Arm(random, PerLook, Rate));
                t = Add(t, Draw.Arm(random, PerLook, Rate));
                var z = CroPlatform.Statistics.Frequentist.TwoProportions.PooledZ(c, t).Value;
                n |= z.PValue <= 0.05;
                m |= AlwaysValid.Proportions(c, t, 0.01).Value.PValue <= 0.05;
                s |= AlwaysValid.Proportions(c, t, design).Value.PValue <= 0.05;
                if (run % 10 == 0 && !stopped)
                {
                    var comparison = BayesianComparison.Of(BetaPrior.Flat.Update(c).Value, BetaPrior.Flat.Update(t).Value).Value;
                    stopped = Math.Min(comparison.ExpectedLoss, comparison.ExpectedLossOfControl) < 0.0005;
                    b |= stopped && comparison.ProbabilityBeatsControl > 0.95;
                }
                var exposed = Draw.Arm(random, PerLook, 0.5);
                unitsC += exposed.Successes;
                unitsT += exposed.Failures;
                mismatch |= SampleRatio.AlwaysValid([unitsC, unitsT], [1, 1]).Value.PValue <= 0.05;
            }
            (naive, msprt, sequence, ratio, bayes) = (naive + (n ? 1 : 0), msprt + (m ? 1 : 0), sequence + (s ? 1 : 0), ratio + (mismatch ? 1 : 0), bayes + (b ? 1 : 0));
        }
        var bernsteinRuns = Math.Max(1, runs / 10);
        bernstein = Count(bernsteinRuns, new(seed + 5), r =>
        {
            var missed = false;
            var stream = new EmpiricalBernstein();
            for (var i = 0; i < 2_000 && !missed; i++)
            {
                stream.Add(r.NextDouble() < Rate ? 1 : 0);
                missed = !stream.Interval.Contains(Rate);
            }
            return missed;
        });
        Report.Line("fixed-horizon z looked at ten times (what not to do)", 0.05, naive, runs, Report.Gate.None);
        var ok = Report.Line("mSPRT, tau 0.01, conversions of 10 %, from 1 000 a variant", 0.05, msprt, runs, Report.Gate.NotAbove);
        ok &= Report.Line("asymptotic confidence sequence, same looks", 0.05, sequence, runs, Report.Gate.NotAbove);
        ok &= Report.Line("empirical Bernstein, one stream, every one of 2 000 units", 0.05, bernstein, bernsteinRuns, Report.Gate.NotAbove);
        ok &= Report.Line("sample ratio, always-valid, ten looks", 0.05, ratio, runs, Report.Gate.NotAbove);
        Report.Line("Bayesian stop at loss < 0.0005 that names the treatment better at 95 %, no effect", 0.05, bayes, (runs + 9) / 10, Report.Gate.None);
        return ok;
    }

    private static Proportion Add(Proportion a, Proportion b) => new(a.Successes + b.Successes, a.Trials + b.Trials);

    private static int Count(int runs, Random random, Func<Random, bool> hit)
    {
        var hits = 0;
        for (var i = 0; i < runs; i++)
            hits += hit(random) ? 1 : 0;
        return hits;
    }
}

/// <summary>Random draws.</summary>
internal static class Draw
{
    public static double Normal(Random random) => CroPlatform.Statistics.Numerics.Normal.Quantile(Math.Clamp(random.NextDouble(), 1e-16, 1 - 1e-16));

    /// <summary>A binomial count: exact by inversion from the mode outwards.</summary>
    public static Proportion Arm(Random random, long n, double rate)
    {
        var u = random.NextDouble();
        var mode = (long)((n + 1) * rate);
        var p = Math.Exp(Gammas.LogChoose(n, mode) + mode * Math.Log(rate) + (n - mode) * Math.Log(1 - rate));
        var (below, above, pBelow, pAbove) = (mode, mode, p, p);
        u -= p;
        var odds = rate / (1 - rate);
        while (u > 0 && (below > 0 || above < n))
        {
            if (above < n)
            {
                pAbove *= (n - above) / (above + 1.0) * odds;
                above++;
                u -= pAbove;
                if (u <= 0)
                    return new(above, n);
            }
            if (below > 0)
            {
                pBelow *= below / (n - below + 1.0) / odds;
                below--;
                u -= pBelow;
                if (u <= 0)
                    return new(below, n);
            }
        }
        return new(mode, n);
    }
}
