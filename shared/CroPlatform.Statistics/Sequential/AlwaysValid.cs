using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Statistics.Sequential;

/// <summary>An always-valid judgement of an estimate at one moment.</summary>
/// <param name="LogEValue">ln of the mixture likelihood ratio: evidence against "no effect"; e-values multiply over independent data.</param>
/// <param name="LogPValue">ln of min(1, 1/e): valid at any moment. For a running p-value keep the smallest so far.</param>
/// <param name="Estimate">The estimate with its confidence sequence at this moment.</param>
public sealed record AlwaysValidResult(double LogEValue, double LogPValue, Estimate Estimate)
{
    public double EValue => Math.Exp(LogEValue);

    public double PValue => Math.Exp(LogPValue);
}

/// <summary>
/// Tests and confidence sequences by a normal mixture over the effect: right at every look, for ever, at the price of width.
/// Exact for normal data with known variance, asymptotic otherwise: from about <see cref="MinimumUnits"/> units in each arm on.
/// Sources: Robbins, Annals of Mathematical Statistics 41 (1970); Johari, Koomen, Pekelis, Walsh, Operations Research 70 (2022) (mSPRT);
/// Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences" (2021).
/// </summary>
public static class AlwaysValid
{
    /// <summary>Units in each arm from which the asymptotic sequences are to be trusted; proportions also want 25 conversions and 25 failures.</summary>
    public const long MinimumUnits = 500;

    /// <summary>
    /// mSPRT: the effect is mixed over N(0, τ²) under the alternative. e = √(V/(V+τ²))·exp(d²τ²/(2V(V+τ²))) with V the squared standard error.
    /// </summary>
    /// <param name="estimate">Treatment − control.</param>
    /// <param name="standardError">Of the estimate, unpooled.</param>
    /// <param name="tau">Deviation of effects expected, in the metric's unit; any value is valid, a good one is sharper.</param>
    /// <param name="confidence">Of the sequence.</param>
    public static Computed<AlwaysValidResult> MixtureSprt(double estimate, double standardError, double tau, double confidence = 0.95)
    {
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (!double.IsFinite(estimate) || !(standardError > 0) || !double.IsFinite(standardError))
            return NotComputable.NoVariance("The estimate must be finite and its standard error above 0.");
        if (!(tau > 0) || !double.IsFinite(tau))
            return NotComputable.InvalidInput("The mixture's deviation must be positive.");
        // in units of the standard error, so that no square under- or overflows
        var z = estimate / standardError;
        var r = tau / standardError * (tau / standardError);
        var share = double.IsInfinity(r) ? 1 : r / (1 + r);
        var log1PlusR = double.IsInfinity(r) ? 2 * Math.Log(tau / standardError) : Numerics.Log1P.Of(r);
        if (share == 0)
            return NotComputable.InvalidInput("The mixture's deviation vanishes against the standard error.");
        var logE = -0.5 * log1PlusR + 0.5 * z * z * share;
        if (!double.IsFinite(logE))
            return NotComputable.InvalidInput("The values are too large for a double.");
        var half = standardError * Math.Sqrt((log1PlusR - 2 * Numerics.Log1P.Of(-confidence)) / share);
        return new AlwaysValidResult(logE, Math.Min(0, -logE), new(estimate, standardError, new(estimate - half, estimate + half)));
    }

    /// <summary>
    /// The asymptotic confidence sequence, tuned to be narrowest when the standard error has fallen to <paramref name="tunedError"/>
    /// (that of the planned sample, say).
    /// </summary>
    public static Computed<AlwaysValidResult> ConfidenceSequence(
        double estimate, double standardError, double tunedError, double confidence = 0.95) =>
        Checks.Confidence(confidence) is { } missing ? missing
        : !(tunedError > 0) || !double.IsFinite(tunedError) ? NotComputable.InvalidInput("The error to tune for must be positive.")
        : MixtureSprt(estimate, standardError, tunedError * TuningFactor(1 - confidence), confidence);

    /// <summary>For two arms of conversions.</summary>
    public static Computed<AlwaysValidResult> Proportions(Proportion control, Proportion treatment, double tau, double confidence = 0.95) =>
        TwoProportions.Difference(control, treatment, confidence).Then(d => MixtureSprt(d.Value, d.StandardError!.Value, tau, confidence));

    /// <summary>For two arms of means.</summary>
    public static Computed<AlwaysValidResult> Means(SampleSummary control, SampleSummary treatment, double tau, double confidence = 0.95) =>
        WelchT.Difference(control, treatment, confidence).Then(d => MixtureSprt(d.Value, d.StandardError!.Value, tau, confidence));

    /// <summary>
    /// τ over the standard error at which the sequence is to be narrowest: √(−2 ln α + ln(−2 ln α) + 1), the approximation of
    /// Waudby-Smith et al. (2021).
    /// </summary>
    public static double TuningFactor(double alpha)
    {
        var a = -2 * Math.Log(alpha);
        return Math.Sqrt(a + Math.Log(Math.Max(a, 1)) + 1);
    }
}
