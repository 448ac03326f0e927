using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A row of <c>aggregates</c>. Sums come as text: they may need more digits than a decimal has.</summary>
internal sealed record CellRow
{
    public const string Columns = """
        select site as "Site", experiment as "Experiment", revision as "Revision", phase as "Phase", day as "Day", variant as "Variant",
            units as "Units", sums::text[] as "Sums", sums_of_squares::text[] as "SumsOfSquares"
        from aggregates
        """;

    public required string Site { get; init; }
    public required string Experiment { get; init; }
    public int Revision { get; init; }
    public int Phase { get; init; }
    public int Day { get; init; }
    public int Variant { get; init; }
    public long Units { get; init; }
    public required string[] Sums { get; init; }
    public required string[] SumsOfSquares { get; init; }

    public CellKey Key => new(Site, Experiment, Revision, Phase, Day, Variant);

    public Cell ToCell() => new(Sums.Length)
    {
        Units = Units,
        Sums = Array.ConvertAll(Sums, s => Int128.Parse(s)),
        SumsOfSquares = Array.ConvertAll(SumsOfSquares, s => Int128.Parse(s)),
    };
}
