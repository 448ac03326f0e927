using System.Buffers.Binary;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Store;

/// <summary>Where a batch starts, and the highest timestamp of all batches of the segment before it.</summary>
internal readonly record struct IndexEntry(long Offset, long Position, long MaxTimestampBefore);

/// <summary>
/// One file of a partition's log: batches one after the other, as they came. The index beside it is a hint only: it names batches at
/// intervals, is checked against them when used, and can be made again from them.
/// </summary>
internal sealed class Segment : IDisposable
{
    private const int IndexInterval = 8 * 1024;
    private const int EntrySize = 24;
    private const int CrcSize = 4;

    private readonly ILogFiles _files;
    private readonly string _indexPath;
    private readonly Lock _gate = new();
    private readonly List<IndexEntry> _index = [];

    public Segment(ILogFiles files, string folder, long baseOffset)
    {
        _files = files;
        BaseOffset = NextOffset = baseOffset;
        Path = System.IO.Path.Combine(folder, NameOf(baseOffset));
        _indexPath = System.IO.Path.ChangeExtension(Path, ".index");
        File = files.Open(Path);
    }

    public string Path { get; }

    public ILogFile File { get; }

    public long BaseOffset { get; }

    public long NextOffset { get; private set; }

    /// <summary>Bytes of whole batches.</summary>
    public long Size { get; private set; }

    /// <summary>In ms since 1970; <see cref="long.MinValue"/> while empty.</summary>
    public long MaxTimestamp { get; private set; } = long.MinValue;

    /// <summary>The file of the segment that starts at an offset: twenty digits, as Kafka names them.</summary>
    public static string NameOf(long baseOffset) => $"{baseOffset:d20}.log";

    /// <summary>Takes note of a batch that has been written at the end.</summary>
    public void Add(in RecordBatch batch)
    {
        lock (_gate)
        {
            if (_index.Count == 0 || Size - _index[^1].Position >= IndexInterval)
                _index.Add(new IndexEntry(batch.BaseOffset, Size, MaxTimestamp));
            Size += batch.Size;
            NextOffset = batch.NextOffset;
            MaxTimestamp = Math.Max(MaxTimestamp, batch.MaxTimestamp);
        }
    }

    /// <summary>The last known batch that starts at or before an offset; null in an empty segment.</summary>
    public IndexEntry? Floor(long offset) => LastBefore(entry => entry.Offset <= offset);

    /// <summary>A batch before which every record is older than a time; null in an empty segment.</summary>
    public IndexEntry? FloorByTime(long timestamp) => LastBefore(entry => entry.MaxTimestampBefore < timestamp);

    /// <summary>The head of the batch at a position.</summary>
    /// <returns>False at the end, or where no batch is.</returns>
    public bool TryReadHead(long position, out RecordBatch batch)
    {
        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        batch = default;
        if (File.Read(head, position) < head.Length)
            return false;
        batch = RecordBatch.Parse(head);
        return batch.IsPlausible;
    }

    /// <summary>Writes the index, and at its end what the segment holds, by which a later start knows that it is complete.</summary>
    public void StoreIndex()
    {
        byte[] bytes;
        lock (_gate)
        {
            bytes = new byte[((_index.Count + 1) * EntrySize) + CrcSize];
            for (var i = 0; i < _index.Count; i++)
                Write(_index[i], bytes.AsSpan(i * EntrySize));
            Write(new IndexEntry(NextOffset, Size, MaxTimestamp), bytes.AsSpan(_index.Count * EntrySize));
        }

        // The CRC is for a part of an older index under a part of this one, which a loss of power can leave.
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - CrcSize), Crc32C.Of(bytes.AsSpan(0, bytes.Length - CrcSize)));
        using var file = _files.Open(_indexPath);
        file.Write(bytes, 0);
        file.SetLength(bytes.Length);
    }

    /// <summary>Takes the stored index over if it describes the first bytes of this file up to a position.</summary>
    public bool TryLoadIndex(long upTo)
    {
        var bytes = _files.ReadAll(_indexPath) ?? [];
        if (bytes.Length < EntrySize + CrcSize || bytes.Length % EntrySize != CrcSize
            || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(bytes.Length - CrcSize)) != Crc32C.Of(bytes.AsSpan(0, bytes.Length - CrcSize)))
        {
            return false;
        }

        var entries = new IndexEntry[bytes.Length / EntrySize];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = Read(bytes.AsSpan(i * EntrySize));
        var end = entries[^1];
        if (end.Position != upTo || end.Position > File.Length || entries[0].Offset != BaseOffset)
            return false;

        // The last batch named is looked at, so that an index left over from another file of this name is found out.
        if (entries.Length > 1 && (!TryReadHead(entries[^2].Position, out var batch) || batch.BaseOffset != entries[^2].Offset))
            return false;
        _index.Clear();
        _index.AddRange(entries.AsSpan(0, entries.Length - 1));
        (NextOffset, Size, MaxTimestamp) = (end.Offset, end.Position, end.MaxTimestampBefore);
        return true;
    }

    public void Delete()
    {
        File.Dispose();
        _files.Delete(Path);
        if (_files.Exists(_indexPath))
            _files.Delete(_indexPath);
    }

    public void Dispose() => File.Dispose();

    /// <summary>The last entry for which the condition holds, which holds for a first part of them; the first entry where it holds for none.</summary>
    private IndexEntry? LastBefore(Func<IndexEntry, bool> condition)
    {
        lock (_gate)
        {
            if (_index.Count == 0)
                return null;
            var (low, high) = (0, _index.Count - 1);
            while (low < high)
            {
                var middle = (low + high + 1) / 2;
                if (condition(_index[middle]))
                    low = middle;
                else
                    high = middle - 1;
            }

            return _index[low];
        }
    }

    private static void Write(IndexEntry entry, Span<byte> to)
    {
        BinaryPrimitives.WriteInt64BigEndian(to, entry.Offset);
        BinaryPrimitives.WriteInt64BigEndian(to[8..], entry.Position);
        BinaryPrimitives.WriteInt64BigEndian(to[16..], entry.MaxTimestampBefore);
    }

    private static IndexEntry Read(ReadOnlySpan<byte> from) => new(
        BinaryPrimitives.ReadInt64BigEndian(from), BinaryPrimitives.ReadInt64BigEndian(from[8..]), BinaryPrimitives.ReadInt64BigEndian(from[16..]));
}
