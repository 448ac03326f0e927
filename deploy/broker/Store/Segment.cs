namespace CroPlatform.Broker.Store;

/// <summary>Where a batch starts, and the highest timestamp of all batches of the segment before it.</summary>
internal readonly record struct IndexEntry(long Offset, long Position, long MaxTimestampBefore);

/// <summary>
/// One file of a partition's log: batches one after the other, as they came. Its sparse index is in memory and grows with it; where it was
/// there at the start, the index is made when somebody first asks.
/// </summary>
/// <param name="baseOffset">Of its first record; also its file's name.</param>
internal sealed class Segment(IDurableFiles files, string folder, long baseOffset) : IDisposable
{
    private const int IndexInterval = 8 * 1024;
    private const int ChunkBytes = 1024 * 1024;
    private const string Extension = ".log";

    private readonly Lock _gate = new();
    private readonly List<IndexEntry> _index = [];
    private long _maxTimestamp = long.MinValue;
    private bool _isIndexed = true;

    public string Path { get; } = System.IO.Path.Combine(folder, NameOf(baseOffset));
    public IDurableFile File { get; } = files.Open(System.IO.Path.Combine(folder, NameOf(baseOffset)));
    public long BaseOffset { get; } = baseOffset;
    public long NextOffset { get; private set; } = baseOffset;

    /// <summary>Bytes of whole batches.</summary>
    public long Size { get; private set; }

    /// <summary>In ms since 1970; <see cref="long.MinValue"/> while empty.</summary>
    public long MaxTimestamp()
    {
        lock (_gate)
        {
            IndexAll();
            return _maxTimestamp;
        }
    }

    /// <summary>The file of the segment that starts at an offset: twenty digits, as Kafka names them.</summary>
    public static string NameOf(long baseOffset) => $"{baseOffset:d20}{Extension}";

    /// <summary>The offset that <see cref="NameOf"/> made the name of; null for any other file.</summary>
    public static long? BaseOf(string name) => name.EndsWith(Extension, StringComparison.Ordinal) ? long.Parse(name[..^Extension.Length]) : null;

    /// <summary>Takes note of a batch that has been written at the end.</summary>
    public void Add(in RecordBatch batch)
    {
        lock (_gate)
        {
            if (_isIndexed)
                Index(batch, Size);
            (Size, NextOffset) = (Size + batch.Size, batch.NextOffset);
        }
    }

    /// <summary>Takes batches that were there at the start for sound, up to a position; to be called before any is added.</summary>
    public void Trust(long size, long nextOffset) => (_isIndexed, Size, NextOffset) = (false, size, nextOffset);

    /// <summary>The last known batch that starts at or before an offset; null in an empty segment.</summary>
    public IndexEntry? Floor(long offset) => LastWhere(entry => entry.Offset <= offset);

    /// <summary>A batch before which every record is older than a time; null in an empty segment.</summary>
    public IndexEntry? FloorByTime(long timestamp) => LastWhere(entry => entry.MaxTimestampBefore < timestamp);

    /// <summary>The batch that holds an offset, or the first after it.</summary>
    public (long Position, RecordBatch Batch)? Find(long offset)
    {
        var from = Floor(offset)?.Position ?? 0;

        // Whatever starts later than this has an entry of its own.
        Span<byte> heads = stackalloc byte[IndexInterval + RecordBatch.HeaderSize];
        heads = heads[..File.Read(heads, from)];
        for (var at = 0; at < heads.Length && RecordBatch.TryParse(heads[at..], out var batch); at += batch.Size)
        {
            if (batch.LastOffset >= offset)
                return (from + at, batch);
        }

        return null;
    }

    /// <summary>The head of the batch at a position.</summary>
    /// <returns>False at the end, or where no batch is.</returns>
    public bool TryReadHead(long position, out RecordBatch batch)
    {
        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        return RecordBatch.TryParse(head[..File.Read(head, position)], out batch);
    }

    /// <summary>The sound batches from a position on, each with its whole bytes read and its CRC checked.</summary>
    /// <param name="offset">That the first must have, and each what follows.</param>
    public IEnumerable<RecordBatch> Scan(long position, long offset)
    {
        var chunk = new byte[ChunkBytes];
        var (at, filled) = (0, 0);
        while (true)
        {
            if (!RecordBatch.TryParse(chunk.AsSpan(at, filled - at), out var batch) || batch.Size > filled - at)
            {
                // The next chunk begins with this batch and has all of it.
                if (!TryReadHead(position, out batch) || batch.Size > File.Length - position)
                    yield break;
                if (batch.Size > chunk.Length)
                    chunk = new byte[batch.Size];
                (at, filled) = (0, File.Read(chunk, position));
            }

            if (batch.BaseOffset != offset || !RecordBatch.HasValidCrc(chunk.AsSpan(at, batch.Size)))
                yield break;
            yield return batch;
            (at, position, offset) = (at + batch.Size, position + batch.Size, batch.NextOffset);
        }
    }

    public void Delete()
    {
        File.Dispose();
        files.Delete(Path);
    }

    public void Dispose() => File.Dispose();

    private void Index(in RecordBatch batch, long position)
    {
        if (_index.Count == 0 || position - _index[^1].Position >= IndexInterval)
            _index.Add(new IndexEntry(batch.BaseOffset, position, _maxTimestamp));
        _maxTimestamp = Math.Max(_maxTimestamp, batch.MaxTimestamp);
    }

    private void IndexAll()
    {
        if (_isIndexed)
            return;
        _index.Clear();
        var position = 0L;
        foreach (var batch in Scan(0, BaseOffset).TakeWhile(_ => position < Size))
        {
            Index(batch, position);
            position += batch.Size;
        }

        _isIndexed = true;
    }

    /// <summary>The last entry for which a condition holds; the first entry where it holds for none.</summary>
    private IndexEntry? LastWhere(Predicate<IndexEntry> condition)
    {
        lock (_gate)
        {
            IndexAll();
            return _index.Count == 0 ? null : _index[Math.Max(_index.FindLastIndex(condition), 0)];
        }
    }
}
