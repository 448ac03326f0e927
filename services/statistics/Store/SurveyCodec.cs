using System.Buffers.Binary;
using System.IO.Compression;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A survey as bytes, deflated: its counts, then its three tables of cells.</summary>
internal static class SurveyCodec
{
    public static byte[] Encode(SurveyNumbers survey)
    {
        using var buffer = new MemoryStream();
        using (var deflate = new DeflateStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        using (var writer = new BinaryWriter(deflate))
        {
            var e = survey.Exposures;
            foreach (var count in (ReadOnlySpan<int>)[e.Counted, e.Repeated, e.Outside, e.Unknown, e.Mismatched, e.Weightless]) writer.Write(count);
            writer.Write(survey.Units);
            Write(writer, survey.Slices, (w, k) => { w.Write((byte)k.Dimension); w.Write(k.Value); w.Write(k.Phase); w.Write(k.Variant); });
            Write(writer, survey.ByAge, (w, k) => { w.Write(k.Age); w.Write(k.Phase); w.Write(k.Variant); });
            Write(writer, survey.Classes, (w, k) => { w.Write(k.Class); w.Write(k.Phase); w.Write(k.Variant); });
        }

        return buffer.ToArray();
    }

    public static SurveyNumbers Decode(Experiment experiment, byte[] bytes)
    {
        using var reader = new BinaryReader(new DeflateStream(new MemoryStream(bytes, writable: false), CompressionMode.Decompress));
        var survey = new SurveyNumbers(experiment);
        var e = new int[6];
        for (var i = 0; i < e.Length; i++) e[i] = reader.ReadInt32();
        survey.Restore(new ExposureCounts(e[0], e[1], e[2], e[3], e[4], e[5]), reader.ReadInt64());
        Read(reader, survey.Slices, r => new SliceKey(r.ReadByte(), r.ReadString(), r.ReadInt32(), r.ReadInt32()));
        Read(reader, survey.ByAge, r => new AgeKey(r.ReadInt32(), r.ReadInt32(), r.ReadInt32()));
        Read(reader, survey.Classes, r => new ClassKey(r.ReadString(), r.ReadInt32(), r.ReadInt32()));
        return survey;
    }

    private static void Write<TKey>(BinaryWriter writer, Dictionary<TKey, Cell> cells, Action<BinaryWriter, TKey> key)
        where TKey : notnull
    {
        writer.Write(cells.Count);
        foreach (var (at, cell) in cells)
        {
            key(writer, at);
            writer.Write(cell.Units);
            writer.Write(cell.Moments.Length);
            foreach (var m in cell.Moments)
            {
                writer.Write(m.N);
                foreach (var sum in (ReadOnlySpan<Int128>)[m.SumX, m.SumY, m.SumXX, m.SumYY, m.SumXY]) Write(writer, sum);
            }

            var counts = CellRow.ValueCountsOf(cell);
            writer.Write(counts.Length);
            writer.Write(counts);
        }
    }

    private static void Read<TKey>(BinaryReader reader, Dictionary<TKey, Cell> cells, Func<BinaryReader, TKey> key)
        where TKey : notnull
    {
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var at = key(reader);
            var units = reader.ReadInt64();
            var cell = new Cell(reader.ReadInt32()) { Units = units };
            for (var i = 0; i < cell.Moments.Length; i++)
            {
                cell.Moments[i] = new ExactCrossMoments(reader.ReadInt64(), Sum(reader), Sum(reader), Sum(reader), Sum(reader), Sum(reader));
            }

            CellRow.ReadValueCounts(cell, reader.ReadBytes(reader.ReadInt32()));
            cells[at] = cell;
        }
    }

    private static void Write(BinaryWriter writer, Int128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt128LittleEndian(bytes, value);
        writer.Write(bytes);
    }

    private static Int128 Sum(BinaryReader reader) => BinaryPrimitives.ReadInt128LittleEndian(reader.ReadBytes(16));
}
