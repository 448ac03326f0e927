namespace CroPlatform.Experimentation.Facts;

/// <summary>What an experiment makes of a unit's exposures, in order of time.</summary>
public readonly record struct ExposureReading
{
    /// <summary>Of a unit that the experiment has not seen.</summary>
    public static readonly ExposureReading None = new() { Variant = -1, MismatchedVariant = -1 };

    /// <summary>The first one that counts; null if none does.</summary>
    public Fact? First { get; init; }

    /// <summary>Index of its variant, -1 without one.</summary>
    public int Variant { get; init; }

    /// <summary>Another variant was seen later.</summary>
    public bool IsCrossover { get; init; }

    /// <summary>Index of the variant that the first mismatched exposure declared (the variants' number: one unknown to the experiment); -1 if there was none.</summary>
    public int MismatchedVariant { get; init; }

    /// <summary>The first mismatched exposure of a variant that the experiment has.</summary>
    public Fact? Mismatched { get; init; }

    public ExposureCounts Counts { get; init; }
}

/// <summary>A unit's exposures to one experiment, each in one class, but for those to an arm without weight, which are counted among the others as well.</summary>
/// <param name="Counted">The first one, and later ones in other variants.</param>
/// <param name="Repeated">Of a variant that the unit had seen already.</param>
/// <param name="Outside">Before the start, in a pause, after the stop.</param>
/// <param name="Unknown">Of variants that the experiment does not have.</param>
/// <param name="Mismatched">Of a variant that the unit cannot have been given.</param>
/// <param name="Weightless">Of an arm that had no share of the traffic.</param>
public readonly record struct ExposureCounts(int Counted, int Repeated, int Outside, int Unknown, int Mismatched, int Weightless)
{
    public int All => Counted + Repeated + Outside + Unknown + Mismatched;
}

/// <summary>A unit as a survey sees it: its contribution, and what it would add if its class were let in.</summary>
/// <param name="Exposed">The exposure that its class is judged by; null if it has none that could count.</param>
/// <param name="Variant">Index of that exposure's variant, -1 without one.</param>
/// <param name="Phase">Index of that exposure's phase.</param>
public sealed record UnitSurvey(Contribution Contribution, Fact? Exposed, int Variant, int Phase, ExposureCounts Exposures)
{
    /// <summary>Only mismatched exposures, of variants that the experiment has.</summary>
    public bool IsMismatched => Contribution.Standing == Standing.Absent && Exposed is not null;
}
