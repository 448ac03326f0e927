using System.Buffers;
using System.IO.Compression;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A survey as bytes, deflated: its counts, then its three tables of cells.</summary>
internal static class SurveyCodec
{
    private delegate TKey KeyReader<TKey>(ref ByteReader reader);

    public static byte[] Encode(SurveyNumbers survey)
    {
        var buffer = new ArrayBufferWriter<byte>(1 << 16);
        var writer = new ByteWriter(buffer);
        var e = survey.Exposures;
        foreach (var count in (ReadOnlySpan<int>)[e.Counted, e.Repeated, e.Outside, e.Unknown, e.Mismatched, e.Weightless]) writer.Number(count);
        writer.Number(survey.Units);
        Write(writer, survey.Slices, (w, k) => { w.Number(k.Dimension); w.Text(k.Value); w.Number(k.Phase); w.Number(k.Variant); });
        Write(writer, survey.ByAge, (w, k) => { w.Number(k.Age); w.Number(k.Phase); w.Number(k.Variant); });
        Write(writer, survey.Classes, (w, k) => { w.Text(k.Class); w.Number(k.Phase); w.Number(k.Variant); });
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Fastest)) deflate.Write(buffer.WrittenSpan);
        return deflated.ToArray();
    }

    public static SurveyNumbers Decode(Experiment experiment, byte[] bytes)
    {
        using var inflated = new MemoryStream();
        using (var inflate = new DeflateStream(new MemoryStream(bytes, writable: false), CompressionMode.Decompress)) inflate.CopyTo(inflated);
        var reader = new ByteReader(inflated.GetBuffer().AsSpan(0, (int)inflated.Length));
        var survey = new SurveyNumbers(experiment);
        var e = new int[6];
        for (var i = 0; i < e.Length; i++) e[i] = reader.Number();
        survey.Restore(new ExposureCounts(e[0], e[1], e[2], e[3], e[4], e[5]), reader.Long());
        Read(ref reader, survey.Slices, (ref r) => new SliceKey(r.Number(), r.Text(), r.Number(), r.Number()));
        Read(ref reader, survey.ByAge, (ref r) => new AgeKey(r.Number(), r.Number(), r.Number()));
        Read(ref reader, survey.Classes, (ref r) => new ClassKey(r.Text(), r.Number(), r.Number()));
        return survey;
    }

    private static void Write<TKey>(ByteWriter writer, Dictionary<TKey, Cell> cells, Action<ByteWriter, TKey> key)
        where TKey : notnull
    {
        writer.Number(cells.Count);
        foreach (var (at, cell) in cells)
        {
            key(writer, at);
            CellCodec.Write(writer, cell);
        }
    }

    private static void Read<TKey>(ref ByteReader reader, Dictionary<TKey, Cell> cells, KeyReader<TKey> key)
        where TKey : notnull
    {
        for (var left = reader.Number(); left > 0; left--)
        {
            var at = key(ref reader);
            cells[at] = CellCodec.Read(ref reader);
        }
    }
}
