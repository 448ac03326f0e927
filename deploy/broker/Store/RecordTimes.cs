namespace CroPlatform.Broker.Store;

/// <summary>
/// Finds a record by its time within a batch. Compressed batches are kept as they came and not looked into: there the answer is the batch's
/// first record, at most a batch too early, so that nothing is passed over.
/// </summary>
internal static class RecordTimes
{
    /// <param name="bytes">The whole batch, which has a record that is not older than the time.</param>
    public static (long Offset, long Timestamp) First(in RecordBatch batch, ReadOnlySpan<byte> bytes, long timestamp)
    {
        try
        {
            var at = RecordBatch.HeaderSize;
            for (var i = 0; batch.Compression == 0 && batch.BaseTimestamp < timestamp && i < batch.Count; i++)
            {
                var length = (int)Varint(bytes, ref at);
                var end = at + length;
                at++; // attributes
                var (time, offset) = (batch.BaseTimestamp + Varint(bytes, ref at), batch.BaseOffset + Varint(bytes, ref at));
                if (time >= timestamp)
                    return (offset, time);
                at = end;
            }
        }
        catch (IndexOutOfRangeException)
        {
            // Its CRC is that of its producer, its inside is not what the protocol says: the answer is the batch.
        }

        return (batch.BaseOffset, batch.BaseTimestamp);
    }

    /// <summary>A zigzag-coded variable-length integer.</summary>
    private static long Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = bytes[at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
                break;
        }

        return (long)(value >> 1) ^ -(long)(value & 1);
    }
}
