namespace CroPlatform.Broker.Store;

/// <summary>
/// Finds a record by its time within a batch. Compressed batches are kept as they came and not looked into: there the answer is the batch's
/// first record, at most a batch too early, so that nothing is passed over.
/// </summary>
internal static class RecordTimes
{
    /// <param name="bytes">The whole batch, which has a record that is not older than the time.</param>
    public static (long Offset, long Timestamp) First(in RecordBatch batch, byte[] bytes, long timestamp)
    {
        using var records = new BinaryReader(new MemoryStream(bytes, RecordBatch.HeaderSize, bytes.Length - RecordBatch.HeaderSize));
        try
        {
            for (var i = 0; batch.Compression == 0 && batch.BaseTimestamp < timestamp && i < batch.Count; i++)
            {
                var length = Signed(records);
                var start = records.BaseStream.Position;
                _ = records.ReadByte(); // attributes
                var (time, offset) = (batch.BaseTimestamp + Signed(records), batch.BaseOffset + Signed(records));
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
    private static long Signed(BinaryReader records)
    {
        var value = records.Read7BitEncodedInt64();
        return (value >>> 1) ^ -(value & 1);
    }
}
