using System.Buffers.Binary;
using System.Text;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Tests;

/// <summary>Record batches v2 made by hand, uncompressed.</summary>
internal static class Batches
{
    /// <param name="values">One record each, without key and headers.</param>
    /// <param name="timestamp">Of the first record; each further one is a millisecond later.</param>
    public static byte[] Of(IReadOnlyList<string> values, long timestamp = 1_700_000_000_000, long producer = -1, short epoch = -1, int sequence = -1)
    {
        using var writer = new WireWriter();
        writer.Int64(0); // offset, set by the broker
        writer.Int32(0); // length, below
        writer.Int32(-1);
        writer.Int8(2);
        writer.Int32(0); // CRC, below
        writer.Int16(0);
        writer.Int32(values.Count - 1);
        writer.Int64(timestamp);
        writer.Int64(timestamp + values.Count - 1);
        writer.Int64(producer);
        writer.Int16(epoch);
        writer.Int32(sequence);
        writer.Int32(values.Count);
        for (var i = 0; i < values.Count; i++)
        {
            var value = Encoding.UTF8.GetBytes(values[i]);
            using var record = new WireWriter();
            record.Int8(0);
            Varint(record, i);
            Varint(record, i);
            Varint(record, -1); // no key
            Varint(record, value.Length);
            Raw(record, value);
            Varint(record, 0); // no headers
            Varint(writer, record.Length);
            Raw(writer, record.Written.Span);
        }

        var batch = writer.Written.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        Seal(batch);
        return batch;
    }

    /// <summary>Makes the CRC right again.</summary>
    public static void Seal(Span<byte> batch) => BinaryPrimitives.WriteUInt32BigEndian(batch[17..], RecordBatch.Crc(batch));

    /// <summary>The values of all records of some uncompressed batches, with their offsets.</summary>
    public static IEnumerable<(long Offset, string Value, RecordBatch Batch)> Values(ReadOnlyMemory<byte> batches)
    {
        var found = new List<(long, string, RecordBatch)>();
        for (var at = 0; at < batches.Length;)
        {
            var head = RecordBatch.Parse(batches.Span[at..]);
            Assert.That(RecordBatch.HasValidCrc(batches.Span.Slice(at, head.Size)), Is.True, $"CRC at offset {head.BaseOffset}");
            var records = batches.Slice(at + RecordBatch.HeaderSize, head.Size - RecordBatch.HeaderSize).Span;
            var position = 0;
            for (var i = 0; i < head.Count; i++)
            {
                Next(records, ref position); // length
                position++;
                Next(records, ref position); // time
                var offset = head.BaseOffset + Next(records, ref position);
                Next(records, ref position); // no key
                var length = (int)Next(records, ref position);
                found.Add((offset, Encoding.UTF8.GetString(records.Slice(position, length)), head));
                position += length;
                Next(records, ref position); // no headers
            }

            at += head.Size;
        }

        return found;
    }

    private static void Varint(WireWriter writer, long value)
    {
        var left = (ulong)((value << 1) ^ (value >> 63));
        for (; left >= 0x80; left >>= 7)
            writer.Int8((int)((left & 0x7f) | 0x80));
        writer.Int8((int)left);
    }

    private static long Next(ReadOnlySpan<byte> bytes, ref int position)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[position++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
                return (long)(value >> 1) ^ -(long)(value & 1);
        }
    }

    private static void Raw(WireWriter writer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(writer.Room(bytes.Length));
        writer.Length += bytes.Length;
    }
}
