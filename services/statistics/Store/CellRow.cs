using System.Numerics;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A row of <c>aggregates</c>. Sums come as text: they may need more digits than a decimal has.</summary>
internal sealed record CellRow
{
    public const string Columns = """
        select site as "Site", experiment as "Experiment", revision as "Revision", phase as "Phase", day as "Day", variant as "Variant",
            units as "Units", moments::text[] as "Moments", value_counts as "ValueCounts"
        from aggregates
        """;

    private const int Parts = 6;

    public required string Site { get; init; }
    public required string Experiment { get; init; }
    public int Revision { get; init; }
    public int Phase { get; init; }
    public int Day { get; init; }
    public int Variant { get; init; }
    public long Units { get; init; }
    public required string[] Moments { get; init; }
    public required byte[] ValueCounts { get; init; }

    public CellKey Key => new(Site, Experiment, Revision, Phase, Day, Variant);

    /// <summary>n, Σx, Σy, Σx², Σy², Σxy of each metric.</summary>
    public static BigInteger[] MomentsOf(Cell cell) =>
        [.. cell.Moments.SelectMany(m => (BigInteger[])[m.N, m.SumX, m.SumY, m.SumXX, m.SumYY, m.SumXY])];

    /// <summary>For each metric how many entries it has, then each entry as the difference of its key from the one before, and its count.</summary>
    public static byte[] ValueCountsOf(Cell cell)
    {
        if (Array.TrueForAll(cell.Counts, c => c is null)) return [];
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        foreach (var counts in cell.Counts)
        {
            var key = 0;
            writer.Write7BitEncodedInt(counts?.All.Count ?? 0);
            foreach (var entry in counts?.All ?? new Dictionary<int, long>())
            {
                writer.Write7BitEncodedInt(entry.Key - key);
                writer.Write7BitEncodedInt64(entry.Value);
                key = entry.Key;
            }
        }

        writer.Flush();
        return buffer.ToArray();
    }

    public Cell ToCell()
    {
        var cell = new Cell(Moments.Length / Parts) { Units = Units };
        for (var i = 0; i < cell.Moments.Length; i++)
        {
            var parts = Array.ConvertAll(Moments[(Parts * i)..(Parts * (i + 1))], p => Int128.Parse(p));
            cell.Moments[i] = new ExactCrossMoments((long)parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
        }

        ReadValueCounts(cell, ValueCounts);
        return cell;
    }

    public static void ReadValueCounts(Cell cell, byte[] bytes)
    {
        if (bytes.Length == 0) return;
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false));
        for (var i = 0; i < cell.Counts.Length; i++)
        {
            var key = 0;
            for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
            {
                key += reader.Read7BitEncodedInt();
                (cell.Counts[i] ??= new ValueCounts()).Add(key, reader.Read7BitEncodedInt64());
            }
        }
    }
}
