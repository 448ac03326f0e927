namespace CroPlatform.Broker.Store;

/// <param name="Bytes">How much was written to the response.</param>
internal readonly record struct ReadResult(ErrorCode Error, long HighWatermark, long StartOffset, int Bytes);

/// <summary>What consumers see of a partition at one moment. A segment that is deleted later makes it throw ObjectDisposedException.</summary>
/// <param name="End">Up to where the last segment is seen; the others are seen in full.</param>
/// <param name="HighWatermark">The first offset that is not seen.</param>
internal sealed record LogView(Segment[] Segments, long End, long HighWatermark)
{
    public long StartOffset => Segments[0].BaseOffset;

    public long Bytes { get; } = Segments.SkipLast(1).Sum(segment => segment.Size) + End;

    /// <summary>Appends whole batches from the one that holds an offset on to a response.</summary>
    /// <param name="atLeastOne">The first batch comes even if it is larger than maxBytes.</param>
    public ReadResult Read(long offset, int maxBytes, bool atLeastOne, WireWriter to)
    {
        if (offset < StartOffset || offset > HighWatermark)
            return Result(ErrorCode.OffsetOutOfRange);
        if (offset == HighWatermark)
            return Result(ErrorCode.None);
        var index = Array.FindLastIndex(Segments, segment => segment.BaseOffset <= offset);
        var segment = Segments[index];
        if (segment.Find(offset) is not { } first)
            return Result(ErrorCode.KafkaStorageError); // changed by other hands
        var wanted = atLeastOne ? Math.Max(maxBytes, first.Batch.Size) : maxBytes;
        if (wanted < first.Batch.Size)
            return Result(ErrorCode.None);
        var room = to.Room((int)Math.Min(wanted, EndOf(index) - first.Position));
        var bytes = WholeBatches(room[..segment.File.Read(room, first.Position)]);
        to.Length += bytes;
        return Result(ErrorCode.None, bytes);
    }

    /// <summary>The first record that is not older than a time; in a compressed batch the batch's first.</summary>
    /// <param name="timestamp">In ms since 1970.</param>
    /// <returns>Null if all are older.</returns>
    public (long Offset, long Timestamp)? OffsetAt(long timestamp)
    {
        for (var i = 0; i < Segments.Length; i++)
        {
            var segment = Segments[i];
            if (segment.MaxTimestamp() < timestamp || segment.FloorByTime(timestamp) is not { } from)
                continue;
            for (var position = from.Position; position < EndOf(i) && segment.TryReadHead(position, out var batch); position += batch.Size)
            {
                if (batch.MaxTimestamp < timestamp)
                    continue;
                var bytes = new byte[batch.Size];
                segment.File.Read(bytes, position);
                return FirstRecord(batch, bytes, timestamp);
            }
        }

        return null;
    }

    private long EndOf(int index) => index == Segments.Length - 1 ? End : Segments[index].Size;

    private ReadResult Result(ErrorCode error, int bytes = 0) => new(error, HighWatermark, StartOffset, bytes);

    private static int WholeBatches(ReadOnlySpan<byte> bytes)
    {
        var whole = 0;
        while (RecordBatch.TryParse(bytes[whole..], out var batch) && batch.Size <= bytes.Length - whole)
            whole += batch.Size;
        return whole;
    }

    // Compressed batches are not looked into: their first record is at most a batch too early, so that nothing is passed over.
    private static (long Offset, long Timestamp) FirstRecord(in RecordBatch batch, byte[] bytes, long timestamp)
    {
        using var records = new BinaryReader(new MemoryStream(bytes, RecordBatch.HeaderSize, bytes.Length - RecordBatch.HeaderSize));
        try
        {
            for (var i = 0; batch.Compression == 0 && batch.BaseTimestamp < timestamp && i < batch.Count; i++)
            {
                var length = Varint(records);
                var start = records.BaseStream.Position;
                _ = records.ReadByte(); // attributes
                var (time, offset) = (batch.BaseTimestamp + Varint(records), batch.BaseOffset + Varint(records));
                if (time >= timestamp)
                    return (offset, time);
                records.BaseStream.Position = start + length;
            }
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentOutOfRangeException)
        {
            // Its CRC is that of its producer, its inside is not what the protocol says: the answer is the batch.
        }

        return (batch.BaseOffset, batch.BaseTimestamp);
    }

    /// <summary>A variable-length integer, zigzag-coded.</summary>
    private static long Varint(BinaryReader records)
    {
        var value = records.Read7BitEncodedInt64();
        return (value >>> 1) ^ -(value & 1);
    }
}
