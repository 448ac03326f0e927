using System.Globalization;

namespace CroPlatform.Broker.Store;

/// <summary>
/// Opens a partition's files after whatever end. Up to the checkpoint they are as they were; behind it every batch is read and checked, and
/// at the first that is broken, or out of place, the log ends.
/// </summary>
internal static class LogRecovery
{
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

        var segments = bases.Select(start => new Segment(files, folder, start)).ToList();
        var checkpoint = Checkpoint.Load(files, folder);
        if (checkpoint is not null && !segments.Exists(segment => segment.BaseOffset == checkpoint.Segment && segment.File.Length >= checkpoint.Position))
            checkpoint = null;
        var producers = checkpoint?.Producers ?? new ProducerStates();
        string? note = null;
        for (var i = 0; i < segments.Count; i++)
        {
            if (i > 0 && segments[i - 1].NextOffset != segments[i].BaseOffset)
            {
                // The end of the one before is lost, so nothing from here on was acknowledged.
                note = $"{folder}: nothing follows offset {segments[i - 1].NextOffset}";
                segments.Skip(i).ToList().ForEach(orphan => orphan.Delete());
                segments.RemoveRange(i, segments.Count - i);
                break;
            }

            note = Restore(segments[i], i + 1 < bases.Length ? bases[i + 1] : null, checkpoint, producers, now) ?? note;
        }

        return ([.. segments], producers, note);
    }

    private static string? Restore(Segment segment, long? end, Checkpoint? checkpoint, ProducerStates producers, long now)
    {
        if (checkpoint is not null && segment.BaseOffset < checkpoint.Segment)
            segment.Trust(segment.File.Length, end!.Value);
        else if (checkpoint is not null && segment.BaseOffset == checkpoint.Segment)
            segment.Trust(checkpoint.Position, checkpoint.Offset);
        if (segment.Size == segment.File.Length)
            return null;
        foreach (var batch in segment.Scan(segment.Size, segment.NextOffset))
        {
            segment.Add(batch);
            producers.Add(batch, now);
        }

        var torn = segment.File.Length - segment.Size;
        if (torn > 0)
            segment.File.SetLength(segment.Size);
        segment.File.Sync(); // what was only in the system's memory becomes visible now
        return torn > 0 ? $"{segment.Path}: {torn} torn bytes cut off after offset {segment.NextOffset}" : null;
    }
}
