namespace CroPlatform.Statistics.Multiplicity;

/// <summary>
/// False discovery rate over a site's stream of tests, each judged when it ends, with no list of the tests to come.
/// The discount sequence is γₜ ∝ log(max(t, 2))/(t·e^√(log t)), normalized over 10^6 terms by the authors' own choice.
/// </summary>
public sealed class OnlineFdr
{
    private const int Terms = 1_000_000;
    private static readonly Lazy<double> Norm = new(() => Enumerable.Range(1, Terms).Sum(t => RawGamma(t)));
    private readonly List<int> _rejections = [];
    private readonly Func<OnlineFdr, double> _level;
    private readonly bool _eValues;

    private OnlineFdr(double alpha, bool eValues, Func<OnlineFdr, double> level)
    {
        if (!(alpha > 0 && alpha < 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), "Alpha must lie between 0 and 1, both excluded.");
        (Alpha, _eValues, _level) = (alpha, eValues, level);
    }

    public double Alpha { get; }

    /// <summary>Tests judged so far.</summary>
    public int Count { get; private set; }

    public int Rejections => _rejections.Count;

    /// <summary>The level at which the next test will be judged.</summary>
    public double NextLevel => _level(this);

    /// <summary>
    /// LORD++: levels earn from every earlier discovery; independent p-values. Starting wealth α/2 by default.
    /// Source: Ramdas, Yang, Wainwright, Jordan, NeurIPS 2017.
    /// </summary>
    public static OnlineFdr LordPlusPlus(double alpha = 0.05, double? startingWealth = null)
    {
        var wealth = startingWealth ?? alpha / 2;
        if (!(wealth > 0 && wealth <= alpha))
            throw new ArgumentOutOfRangeException(nameof(startingWealth), "The starting wealth must lie above 0 and at most alpha.");
        return new(alpha, eValues: false, self =>
        {
            var t = self.Count + 1;
            var level = Gamma(t) * wealth;
            if (self._rejections.Count > 0)
                level += (alpha - wealth) * Gamma(t - self._rejections[0]);
            return level + alpha * self._rejections.Skip(1).Sum(rejected => Gamma(t - rejected));
        });
    }

    /// <summary>
    /// e-LOND: αγₜ(rejections + 1), for e-values of any dependence: tests that share visitors, looked at whenever.
    /// Source: Xu, Ramdas, "Online multiple testing with e-values", AISTATS 2024.
    /// </summary>
    public static OnlineFdr ELond(double alpha = 0.05) =>
        new(alpha, eValues: true, self => alpha * Gamma(self.Count + 1) * (self._rejections.Count + 1));

    /// <summary>Judges the next test: a p-value for LORD++, an e-value for e-LOND. True rejects.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a p-value (0 to 1), or a negative e-value.</exception>
    public bool Judge(double value)
    {
        if (!(value >= 0) || (!_eValues && value > 1))
            throw new ArgumentOutOfRangeException(nameof(value), "A p-value lies between 0 and 1, an e-value is not negative.");
        var level = NextLevel;
        Count++;
        var rejects = _eValues ? value * level >= 1 : value <= level;
        if (rejects)
            _rejections.Add(Count);
        return rejects;
    }

    /// <summary>γₜ; it sums to 1.</summary>
    public static double Gamma(int t) => t < 1 || t > Terms ? 0 : RawGamma(t) / Norm.Value;

    private static double RawGamma(int t) => Math.Log(Math.Max(t, 2)) / (t * Math.Exp(Math.Sqrt(Math.Log(t))));
}
