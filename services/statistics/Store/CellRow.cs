using System.Numerics;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A row of <c>aggregates</c>.</summary>
internal sealed record CellRow
{
    public const string Columns = """
        select site as "Site", experiment as "Experiment", revision as "Revision", phase as "Phase", day as "Day", variant as "Variant",
            units as "Units", sums as "Sums", sums_of_squares as "SumsOfSquares"
        from aggregates
        """;

    public required string Site { get; init; }
    public required string Experiment { get; init; }
    public int Revision { get; init; }
    public int Phase { get; init; }
    public int Day { get; init; }
    public int Variant { get; init; }
    public long Units { get; init; }
    public required BigInteger[] Sums { get; init; }
    public required BigInteger[] SumsOfSquares { get; init; }

    public CellKey Key => new(Site, Experiment, Revision, Phase, Day, Variant);

    public Cell ToCell() => new(Sums.Length)
    {
        Units = Units,
        Sums = Array.ConvertAll(Sums, s => (Int128)s),
        SumsOfSquares = Array.ConvertAll(SumsOfSquares, s => (Int128)s),
    };
}
