namespace CroPlatform.Broker.Store;

/// <summary>
/// A point of a partition's log before which everything is on disk, with what its producers had sent by then. A start reads the log from
/// here only. It is stored after the fsync that it speaks of.
/// </summary>
/// <param name="Segment">The base offset of the segment.</param>
/// <param name="Position">In the segment's file.</param>
/// <param name="Offset">Of the record that is or will be there.</param>
internal sealed record Checkpoint(long Segment, long Position, long Offset, IReadOnlyCollection<Producer> Producers)
{
    public static string PathIn(string folder) => Path.Combine(folder, "checkpoint.json");
}

/// <summary>
/// Opens a partition's files after whatever end. Up to the checkpoint they are as they were; behind it every batch is read and checked, and
/// at the first that is broken, or out of place, the log ends.
/// </summary>
internal static class LogRecovery
{
    /// <returns>With a note for people if something had to be cut off.</returns>
    public static (Segment[] Segments, ProducerStates Producers, string? Note) Open(IDurableFiles files, string folder, long now)
    {
        files.CreateFolder(folder);
        var segments = files.Names(folder).Select(Segment.BaseOf).OfType<long>().Order().Select(start => new Segment(files, folder, start)).ToList();
        if (segments.Count == 0)
            return ([new Segment(files, folder, 0)], new ProducerStates([]), null);

        var checkpoint = files.ReadJson<Checkpoint>(Checkpoint.PathIn(folder));
        if (!segments.Exists(segment => segment.BaseOffset == checkpoint?.Segment && segment.File.Length >= checkpoint.Position))
            checkpoint = null;
        var producers = new ProducerStates(checkpoint?.Producers ?? []);
        string? note = null;
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (i > 0 && segments[i - 1].NextOffset != segment.BaseOffset)
            {
                // The end of the one before is lost, so nothing from here on was acknowledged.
                note = $"{folder}: nothing follows offset {segments[i - 1].NextOffset}";
                segments[i..].ForEach(orphan => orphan.Delete());
                segments.RemoveRange(i, segments.Count - i);
                break;
            }

            if (segment.BaseOffset < checkpoint?.Segment)
                segment.Trust(segment.File.Length, segments[i + 1].BaseOffset);
            if (segment.BaseOffset == checkpoint?.Segment)
                segment.Trust(checkpoint.Position, checkpoint.Offset);
            if (segment.Size == segment.File.Length)
                continue;
            note = CutTornTail(segment, producers, now) ?? note;

            // What was only in the system's memory becomes visible now.
            segment.File.Sync();
            files.SyncDirectory(folder);
        }

        return ([.. segments], producers, note);
    }

    private static string? CutTornTail(Segment segment, ProducerStates producers, long now)
    {
        foreach (var batch in segment.Scan(segment.Size, segment.NextOffset))
        {
            segment.Add(batch);
            producers.Add(batch, now);
        }

        var torn = segment.File.Length - segment.Size;
        if (torn == 0)
            return null;
        segment.File.SetLength(segment.Size);
        return $"{segment.Path}: {torn} torn bytes cut off after offset {segment.NextOffset}";
    }
}
