namespace CroPlatform.Broker.Store;

/// <param name="Bytes">How much was written to the response.</param>
internal readonly record struct ReadResult(ErrorCode Error, long HighWatermark, long StartOffset, int Bytes);

/// <summary>What consumers see of a partition at one moment. A segment that is deleted later makes it throw ObjectDisposedException.</summary>
/// <param name="End">Up to where the last segment is seen; the others are seen in full.</param>
/// <param name="HighWatermark">The first offset that is not seen.</param>
internal sealed record LogView(Segment[] Segments, long End, long HighWatermark)
{
    public long StartOffset => Segments[0].BaseOffset;

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
        for (var position = segment.Floor(offset)?.Position ?? 0; segment.TryReadHead(position, out var batch); position += batch.Size)
        {
            if (batch.LastOffset < offset)
                continue;
            var wanted = atLeastOne ? Math.Max(maxBytes, batch.Size) : maxBytes;
            if (wanted < batch.Size)
                return Result(ErrorCode.None);
            var room = to.Room((int)Math.Min(wanted, EndOf(index) - position));
            var bytes = WholeBatches(room[..segment.File.Read(room, position)]);
            to.Advance(bytes);
            return Result(ErrorCode.None, bytes);
        }

        return Result(ErrorCode.KafkaStorageError); // changed by other hands
    }

    /// <summary>The first record that is not older than a time.</summary>
    /// <param name="timestamp">In ms since 1970.</param>
    /// <returns>Null if all are older.</returns>
    public (long Offset, long Timestamp)? OffsetAt(long timestamp)
    {
        for (var i = 0; i < Segments.Length; i++)
        {
            var segment = Segments[i];
            if (segment.MaxTimestamp < timestamp || segment.FloorByTime(timestamp) is not { } from)
                continue;
            for (var position = from.Position; position < EndOf(i) && segment.TryReadHead(position, out var batch); position += batch.Size)
            {
                if (batch.MaxTimestamp < timestamp)
                    continue;
                var bytes = new byte[batch.Size];
                segment.File.Read(bytes, position);
                return RecordTimes.First(batch, bytes, timestamp);
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
}
