using System.Buffers;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>
/// A cell as bytes: its units, how many metrics it has, then of each n, Σx, Σy, Σx², Σy², Σxy and its counts: how many, each as the difference of its
/// key from the one before, and its number.
/// </summary>
internal static class CellCodec
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    public static byte[] Encode(Cell cell)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(4_096);
        buffer.ResetWrittenCount();
        Write(new ByteWriter(buffer), cell);
        return buffer.WrittenSpan.ToArray();
    }

    public static Cell Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        return Read(ref reader);
    }

    public static void Write(ByteWriter writer, Cell cell)
    {
        writer.Number(cell.Units);
        writer.Number(cell.Moments.Length);
        for (var i = 0; i < cell.Moments.Length; i++)
        {
            var m = cell.Moments[i];
            writer.Number(m.N);
            foreach (var sum in (ReadOnlySpan<Int128>)[m.SumX, m.SumY, m.SumXX, m.SumYY, m.SumXY]) writer.Signed(sum);
            var counts = cell.Counts[i];
            writer.Number(counts?.All.Count ?? 0);
            if (counts is null) continue;
            var key = 0;
            foreach (var (at, count) in counts.InOrder())
            {
                writer.Number(at - key);
                writer.Number(count);
                key = at;
            }
        }
    }

    public static Cell Read(ref ByteReader reader)
    {
        var units = reader.Long();
        var cell = new Cell(reader.Number()) { Units = units };
        for (var i = 0; i < cell.Moments.Length; i++)
        {
            cell.Moments[i] = new ExactCrossMoments(reader.Long(), reader.Signed(), reader.Signed(), reader.Signed(), reader.Signed(), reader.Signed());
            var key = 0;
            for (var left = reader.Number(); left > 0; left--)
            {
                key += reader.Number();
                (cell.Counts[i] ??= new ValueCounts()).Add(key, reader.Long());
            }
        }

        return cell;
    }

    /// <summary>For people, and for comparing.</summary>
    public static string ToText(Cell cell) => $"{cell.Units} units {Convert.ToHexStringLower(Encode(cell))}";
}
