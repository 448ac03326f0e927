using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A row of <c>aggregates</c>.</summary>
internal sealed record CellRow
{
    public const string Columns = """
        select a.partition as "Partition", a.site as "Site", a.experiment as "Experiment", a.revision as "Revision", a.phase as "Phase", a.day as "Day",
            a.variant as "Variant", a.cell as "Packed"
        from aggregates a
        """;

    public int Partition { get; init; }
    public required string Site { get; init; }
    public required string Experiment { get; init; }
    public int Revision { get; init; }
    public int Phase { get; init; }
    public int Day { get; init; }
    public int Variant { get; init; }
    public required byte[] Packed { get; init; }

    public CellKey Key => new(Site, Experiment, Revision, Phase, Day, Variant);

    public Cell ToCell() => CellCodec.Decode(Packed);
}
