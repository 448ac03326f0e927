namespace CroPlatform.Experimentation.Bucketing;

/// <summary>A half-open stretch of [0, 1).</summary>
public readonly record struct BucketRange(double Start, double End)
{
    public bool Contains(double position) => position >= Start && position < End;

    public bool Overlaps(BucketRange other) => Start < other.End && other.Start < End;
}
