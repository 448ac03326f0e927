namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Is the treatment not worse than control by the margin, or equivalent within it? One-sided tests at level 1 − confidence.
/// Source: Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987) for the two one-sided tests.
/// </summary>
public static class NonInferiority
{
    /// <summary>
    /// H₀: treatment − control ≤ −margin, by the Farrington-Manning score test; margin ≥ 0 in rates. With
    /// <paramref name="lowerIsBetter"/> H₀ is treatment − control ≥ margin.
    /// </summary>
    public static Computed<TestResult> Proportions(Proportion control, Proportion treatment, double margin, bool lowerIsBetter = false) =>
        !(margin >= 0)
            ? NotComputable.InvalidInput("A margin is not negative.")
            : DifferenceInterval.ScoreTest(control, treatment, lowerIsBetter ? margin : -margin,
                lowerIsBetter ? Alternative.Less : Alternative.Greater);

    /// <summary>The same for means, by Welch's t; margin in the metric's unit.</summary>
    public static Computed<TestResult> Means(SampleSummary control, SampleSummary treatment, double margin, bool lowerIsBetter = false) =>
        !(margin >= 0) || !double.IsFinite(margin)
            ? NotComputable.InvalidInput("A margin is finite and not negative.")
            : WelchT.Test(control with { Mean = control.Mean + (lowerIsBetter ? margin : -margin) }, treatment,
                lowerIsBetter ? Alternative.Less : Alternative.Greater);

    /// <summary>Equivalence of means within ±margin (TOST): the larger of the two one-sided p-values.</summary>
    public static Computed<TestResult> EquivalentMeans(SampleSummary control, SampleSummary treatment, double margin) =>
        Means(control, treatment, margin).Then(above => Means(control, treatment, margin, lowerIsBetter: true)
            .Map(below => above.LogPValue >= below.LogPValue ? above : below));

    /// <summary>Equivalence of proportions within ±margin (TOST).</summary>
    public static Computed<TestResult> EquivalentProportions(Proportion control, Proportion treatment, double margin) =>
        Proportions(control, treatment, margin).Then(above => Proportions(control, treatment, margin, lowerIsBetter: true)
            .Map(below => above.LogPValue >= below.LogPValue ? above : below));
}
