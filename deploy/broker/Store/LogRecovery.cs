using System.Globalization;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Store;

/// <summary>
/// Opens a partition's files after whatever end. Up to the checkpoint they are as they were; behind it every batch is read and checked, and
/// at the first that is broken, or out of place, the log ends.
/// </summary>
internal static class LogRecovery
{
    private const int ChunkBytes = 1024 * 1024;

    public static (Segment[] Segments, ProducerStates Producers, string? Note) Open(ILogFiles files, string folder, long now)
    {
        files.CreateFolder(folder);
        long[] bases =
        [
            .. files.Files(folder)
                .Where(name => name.EndsWith(".log", StringComparison.Ordinal))
                .Select(name => long.Parse(name.AsSpan(0, name.Length - ".log".Length), NumberStyles.None, CultureInfo.InvariantCulture))
                .Order(),
        ];
        if (bases.Length == 0)
            return ([new Segment(files, folder, 0)], new ProducerStates(), null);

        var all = bases.Select(baseOffset => new Segment(files, folder, baseOffset)).ToList();
        var checkpoint = Checkpoint.Load(files, folder);
        if (checkpoint is not null && all.Find(segment => segment.BaseOffset == checkpoint.Segment) is var at && (at is null || at.File.Length < checkpoint.Position))
            checkpoint = null;
        var producers = checkpoint?.Producers ?? new ProducerStates();
        var kept = new List<Segment>();
        string? note = null;
        foreach (var segment in all)
        {
            if (kept.Count > 0 && kept[^1].NextOffset != segment.BaseOffset)
            {
                if (checkpoint is null || segment.BaseOffset > checkpoint.Segment)
                {
                    // The end of the one before is lost, so this one was never acknowledged.
                    note = $"{folder}: nothing follows offset {kept[^1].NextOffset}";
                    segment.Delete();
                    continue;
                }

                // Retention was deleting the older ones and did not get through.
                kept.ForEach(old => old.Delete());
                kept.Clear();
            }

            kept.Add(segment);
            note = Restore(segment, checkpoint, producers, now) ?? note;
        }

        return ([.. kept], producers, note);
    }

    private static string? Restore(Segment segment, Checkpoint? checkpoint, ProducerStates producers, long now)
    {
        var settled = checkpoint is null || segment.BaseOffset > checkpoint.Segment ? 0
            : segment.BaseOffset == checkpoint.Segment ? checkpoint.Position
            : segment.File.Length;
        if (!segment.TryLoadIndex(settled))
        {
            for (long position = 0; position < settled && segment.TryReadHead(position, out var batch); position += batch.Size)
                segment.Add(batch);
        }

        if (segment.Size == segment.File.Length)
            return null;
        var from = segment.NextOffset;
        foreach (var batch in Scan(segment))
        {
            segment.Add(batch);
            producers.Add(batch, now);
        }

        var torn = segment.File.Length - segment.Size;
        if (torn > 0)
            segment.File.SetLength(segment.Size);
        segment.File.Sync(); // what was only in the system's memory becomes visible now
        return torn > 0 ? $"{segment.Path}: {torn} torn bytes cut off after offset {segment.NextOffset} (read from {from})" : null;
    }

    /// <summary>The sound batches from the segment's known end on; the caller adds each before it asks for the next.</summary>
    private static IEnumerable<RecordBatch> Scan(Segment segment)
    {
        var chunk = new byte[ChunkBytes];
        var (start, filled) = (segment.Size, 0);
        while (true)
        {
            var at = (int)(segment.Size - start);
            if (filled - at < RecordBatch.HeaderSize || RecordBatch.Parse(chunk.AsSpan(at)).Size > filled - at)
            {
                if (!segment.TryReadHead(segment.Size, out var head) || head.Size > segment.File.Length - segment.Size)
                    yield break;
                if (head.Size > chunk.Length)
                    chunk = new byte[head.Size];
                (start, at) = (segment.Size, 0);
                filled = segment.File.Read(chunk, start);
            }

            var batch = RecordBatch.Parse(chunk.AsSpan(at));
            if (!batch.IsPlausible || batch.BaseOffset != segment.NextOffset || batch.Size > filled - at || !RecordBatch.HasValidCrc(chunk.AsSpan(at, batch.Size)))
                yield break;
            yield return batch;
        }
    }
}
