namespace CroPlatform.Statistics.Frequentist;

/// <summary>Input checks shared by the tests; a null answer means "fine".</summary>
internal static class Checks
{
    public static NotComputable? Confidence(double confidence) =>
        confidence > 0 && confidence < 1 ? null : NotComputable.InvalidInput("Confidence must lie between 0 and 1, both excluded.");

    public static NotComputable? Arms(Proportion control, Proportion treatment)
    {
        if (!control.IsValid || !treatment.IsValid)
            return NotComputable.InvalidInput("Conversions must lie between 0 and the number of units.");
        return control.Trials == 0 || treatment.Trials == 0
            ? NotComputable.TooFewUnits("Each arm needs at least one unit.") : null;
    }

    public static NotComputable? Arms(SampleSummary control, SampleSummary treatment)
    {
        if (!control.IsValid || !treatment.IsValid)
            return NotComputable.InvalidInput("Means must be finite, variances finite and not negative, sizes not negative.");
        return control.N < 2 || treatment.N < 2
            ? NotComputable.TooFewUnits("Each arm needs at least two units for a variance.") : null;
    }

    /// <summary>Half the error for a two-sided interval, all of it for a one-sided one.</summary>
    public static double TailOf(double confidence, Alternative alternative) =>
        alternative == Alternative.TwoSided ? (1 - confidence) / 2 : 1 - confidence;

    /// <summary>The interval that belongs to the alternative: an infinite end where no bound is claimed.</summary>
    public static Interval Around(double value, double margin, Alternative alternative) => alternative switch
    {
        Alternative.Greater => new(value - margin, double.PositiveInfinity),
        Alternative.Less => new(double.NegativeInfinity, value + margin),
        _ => new(value - margin, value + margin),
    };
}
