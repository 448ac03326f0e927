using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Sequential;

/// <summary>What a group-sequential design promises and how it spends.</summary>
public sealed record GroupSequentialOptions
{
    /// <summary>Type-I error of the whole design, both sides together when two-sided.</summary>
    public double Alpha { get; init; } = 0.05;

    public bool TwoSided { get; init; } = true;

    public Spending AlphaSpending { get; init; } = Spending.OBrienFleming;

    /// <summary>Type-II error spending for stopping for futility; none by default.</summary>
    public Spending? BetaSpending { get; init; }

    /// <summary>Type-II error at the design's drift: 1 − power.</summary>
    public double Beta { get; init; } = 0.2;

    /// <summary>Binding futility lowers the upper bounds, and then must be obeyed; non-binding costs nothing when ignored.</summary>
    public bool BindingFutility { get; init; }

    /// <summary>The error on one side.</summary>
    internal double Tail => TwoSided ? Alpha / 2 : Alpha;
}

/// <summary>
/// A group-sequential design: z bounds at increasing information times, by error spending and recursive numerical integration.
/// Times are shares of the planned information, at any spacing; statistics are z values of treatment − control.
/// Sources: Lan, DeMets, Biometrika 70 (1983); Jennison, Turnbull, "Group Sequential Methods" (2000), ch. 7, 8 and 19.
/// </summary>
public sealed partial class GroupSequentialDesign
{
    private GroupSequentialDesign(
        GroupSequentialOptions options, double[] times, double[] upper, double[] lower, double drift, double[]? wedge = null)
    {
        (Options, Times, UpperBounds, LowerBounds, Drift) = (options, times, upper, lower, drift);
        WedgeBounds = wedge ?? new double[times.Length];
    }

    public GroupSequentialOptions Options { get; }

    /// <summary>Information times.</summary>
    public IReadOnlyList<double> Times { get; }

    /// <summary>Stop for the effect at or above these z values (two-sided: also at or below their negatives).</summary>
    public IReadOnlyList<double> UpperBounds { get; }

    /// <summary>
    /// One-sided with futility: stop at or below these; −∞ without. Two-sided: the negatives of the upper bounds.
    /// </summary>
    public IReadOnlyList<double> LowerBounds { get; }

    /// <summary>
    /// Two-sided with futility: stop where |z| is at or below these (the inner wedge); 0 where a look has none. Its last is the upper bound.
    /// </summary>
    public IReadOnlyList<double> WedgeBounds { get; }

    /// <summary>Expected z at information 1 that gives the power 1 − beta (with a wedge: beta is the probability of ending in it).</summary>
    public double Drift { get; }

    /// <summary>Largest information over the fixed test's, at the same error and power: multiply sample sizes by it.</summary>
    public double InflationFactor
    {
        get
        {
            var critical = Normal.UpperQuantile(Options.Tail);
            var fixedDrift = critical + Normal.UpperQuantile(Options.Beta);
            if (Options is { TwoSided: true, BetaSpending: not null }) // a wedge leaves both sides as power
                fixedDrift = Roots.Bracketed(d => Normal.UpperTail(critical - d) + Normal.UpperTail(critical + d) - 1 + Options.Beta, fixedDrift, 0, 60, 1e-14);
            return Drift * Drift / (fixedDrift * fixedDrift);
        }
    }

    /// <summary>Bounds for looks at the given information times (ascending, above 0; spending ends at 1).</summary>
    public static Computed<GroupSequentialDesign> Create(IReadOnlyList<double> times, GroupSequentialOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(times);
        options ??= new();
        if (Invalid(times, options) is { } missing)
            return missing;
        var t = times.ToArray();
        if (options.BetaSpending is null)
        {
            var upper = Efficacy(t, options);
            var lower = upper.Select(b => options.TwoSided ? -b : double.NegativeInfinity).ToArray();
            var drift = Roots.Bracketed(
                d => Math.Log(1 - CrossAbove(t, upper, lower, d, t.Length, null)) - Math.Log(options.Beta), 3, 0, 60, 1e-13);
            return new GroupSequentialDesign(options, t, upper, lower, drift);
        }
        return WithFutility(t, options);
    }

    /// <summary>Equal looks with bounds c·t^(Δ − ½): Δ = ½ is Pocock's, 0 O'Brien and Fleming's own. Source: Wang, Tsiatis, Biometrics 43 (1987).</summary>
    public static Computed<GroupSequentialDesign> WangTsiatis(int looks, double delta, GroupSequentialOptions? options = null)
    {
        options ??= new();
        var t = Enumerable.Range(1, Math.Clamp(looks, 1, 200)).Select(k => (double)k / looks).ToArray();
        if (looks is < 1 or > 200 || !(delta is >= -1 and <= 1))
            return NotComputable.InvalidInput("There must be 1 to 200 looks and a shape between -1 and 1.");
        if (Invalid(t, options) is { } missing)
            return missing;
        var tail = options.Tail;
        double[] Upper(double c) => t.Select(time => c * Math.Pow(time, delta - 0.5)).ToArray();
        double[] Lower(double[] upper) => upper.Select(b => options.TwoSided ? -b : double.NegativeInfinity).ToArray();
        double Error(double c) => CrossAbove(t, Upper(c), Lower(Upper(c)), 0, t.Length, null);
        var constant = Roots.Bracketed(c => Math.Log(Error(c)) - Math.Log(tail), Normal.UpperQuantile(tail) + 0.2, 0.1, 20, 1e-13);
        var bounds = Upper(constant);
        var drift = Roots.Bracketed(
            d => Math.Log(1 - CrossAbove(t, bounds, Lower(bounds), d, t.Length, null)) - Math.Log(options.Beta), 3, 0, 60, 1e-13);
        return new GroupSequentialDesign(options, t, bounds, Lower(bounds), drift);
    }

    /// <summary>P(stopping for the effect upwards, at any look) when z at information 1 has this mean.</summary>
    public double Power(double drift) => CrossAbove(TimesArray, Upper, Lower, drift, Upper.Length, null, Wedge);

    /// <summary>Probability of stopping upwards at each look.</summary>
    public IReadOnlyList<double> StopProbabilities(double drift)
    {
        var stops = new double[Upper.Length];
        CrossAbove(TimesArray, Upper, Lower, drift, Upper.Length, stops, Wedge);
        return stops;
    }

    /// <summary>The nominal one-sided p-values that belong to the upper bounds.</summary>
    public IReadOnlyList<double> NominalLevels => Upper.Select(Normal.UpperTail).ToArray();

    private double[] TimesArray => (double[])Times;

    private double[] Upper => (double[])UpperBounds;

    private double[] Lower => (double[])LowerBounds;

    private double[] Wedge => (double[])WedgeBounds;

    private static double[] Efficacy(double[] t, GroupSequentialOptions options)
    {
        var tail = options.Tail;
        var density = SubDensity.Start(0);
        var bounds = new double[t.Length];
        var spent = 0.0;
        for (var k = 0; k < t.Length; k++)
        {
            var upTo = options.AlphaSpending.Spent(t[k], tail);
            bounds[k] = Bound(upTo - spent, b => density.Above(t[k], b));
            spent = upTo;
            if (k + 1 < t.Length)
                density = density.Continue(t[k], options.TwoSided ? -bounds[k] : double.NegativeInfinity, bounds[k], t[k + 1]);
        }
        return bounds;
    }

    /// <summary>The bound whose tail is the error to spend; infinite where there is nothing to spend.</summary>
    private static double Bound(double error, Func<double, double> tail)
    {
        if (error <= 1e-300)
            return double.PositiveInfinity;
        var logError = Math.Log(error);
        return Roots.Bracketed(b => Math.Log(Math.Max(tail(b), 1e-320)) - logError, Normal.UpperQuantile(Math.Min(error, 0.999)), -40, 40, 1e-14);
    }

    private static double CrossAbove(double[] t, double[] upper, double[] lower, double drift, int looks, double[]? stops, double[]? wedge = null)
    {
        var density = SubDensity.Start(drift);
        var sum = 0.0;
        for (var k = 0; k < looks; k++)
        {
            var stop = density.Above(t[k], upper[k]);
            if (stops is not null)
                stops[k] = stop;
            sum += stop;
            if (k + 1 < looks)
                density = density.Continue(t[k], lower[k], upper[k], t[k + 1], wedge?[k] ?? 0);
        }
        return sum;
    }

    private static NotComputable? Invalid(IReadOnlyList<double> times, GroupSequentialOptions options)
    {
        if (!(options.Alpha > 0 && options.Alpha < 1) || !(options.Beta > 0 && options.Beta < 1 - options.Alpha))
            return NotComputable.InvalidInput("Alpha and beta must lie between 0 and 1, and leave power above alpha.");
        if (times.Count is 0 or > 500 || !times.All(t => t > 0 && double.IsFinite(t)))
            return NotComputable.InvalidInput("There must be 1 to 500 information times above 0.");
        for (var k = 1; k < times.Count; k++)
        {
            if (!(times[k] > times[k - 1] * 1.0001))
                return NotComputable.InvalidInput("Information times must ascend, each by at least 0.01 %.");
        }
        return null;
    }
}
