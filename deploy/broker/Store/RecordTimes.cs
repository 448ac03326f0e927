using System.IO.Compression;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Store;

/// <summary>
/// Finds a record by its time within a batch, for which the records have to be read. zstd, which neither .NET 10 nor a small piece of code
/// can read, is answered with the batch's first record: at most a batch too early.
/// </summary>
internal static class RecordTimes
{
    private const int MaxUncompressed = 64 * 1024 * 1024;

    /// <param name="bytes">The whole batch, which has a record that is not older than the time.</param>
    public static (long Offset, long Timestamp) First(in RecordBatch batch, byte[] bytes, long timestamp)
    {
        if (batch.BaseTimestamp >= timestamp || batch.Count == 1 || Records(batch, bytes) is not { } records)
            return (batch.BaseOffset, batch.BaseTimestamp);
        try
        {
            var reader = new VarintReader(records.Span);
            for (var i = 0; i < batch.Count; i++)
            {
                var length = (int)reader.Next();
                var end = reader.Position + length;
                reader.Position++; // attributes
                var (time, offset) = (batch.BaseTimestamp + reader.Next(), batch.BaseOffset + reader.Next());
                if (time >= timestamp)
                    return (offset, time);
                reader.Position = end;
            }
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException)
        {
            // Its CRC is that of its producer, its inside is not what the protocol says: the answer is the batch.
        }

        return (batch.BaseOffset, batch.BaseTimestamp);
    }

    private static ReadOnlyMemory<byte>? Records(in RecordBatch batch, byte[] bytes)
    {
        var records = bytes.AsMemory(RecordBatch.HeaderSize);
        try
        {
            return batch.Compression switch
            {
                0 => records,
                1 => Gunzip(records),
                2 => Snappy.Decode(records.Span, MaxUncompressed),
                3 => Lz4.Decode(records.Span, MaxUncompressed),
                _ => null,
            };
        }
        catch (Exception e) when (e is InvalidDataException or IndexOutOfRangeException or ArgumentException)
        {
            return null;
        }
    }

    private static byte[] Gunzip(ReadOnlyMemory<byte> records)
    {
        using var plain = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(records.ToArray()), CompressionMode.Decompress);
        var chunk = new byte[64 * 1024];
        for (var read = gzip.Read(chunk); read > 0; read = gzip.Read(chunk))
        {
            if (plain.Length + read > MaxUncompressed)
                throw new InvalidDataException("too large");
            plain.Write(chunk, 0, read);
        }

        return plain.ToArray();
    }

    private ref struct VarintReader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public int Position { get; set; }

        /// <summary>A zigzag-coded variable-length integer.</summary>
        public long Next()
        {
            var value = 0UL;
            for (var shift = 0; shift < 70; shift += 7)
            {
                var part = _bytes[Position++];
                value |= (ulong)(part & 0x7f) << shift;
                if (part < 0x80)
                    break;
            }

            return (long)(value >> 1) ^ -(long)(value & 1);
        }
    }
}
