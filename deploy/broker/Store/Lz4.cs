using System.Buffers.Binary;

namespace CroPlatform.Broker.Store;

/// <summary>Reads the LZ4 frame format (lz4_Frame_format.md, 1.6), checksums unchecked: the batch's own CRC has been.</summary>
internal static class Lz4
{
    private const uint Magic = 0x184D2204;
    private const int MinMatch = 4;

    /// <exception cref="InvalidDataException">It is no such frame, or larger than the limit.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> frame, int limit)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(frame) != Magic)
            throw new InvalidDataException("no LZ4 frame");
        var flags = frame[4];
        var (hasBlockChecksum, hasSize, hasDictionary) = ((flags & 0x10) != 0, (flags & 0x08) != 0, (flags & 0x01) != 0);
        var at = 7 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0);
        var output = new Output(limit);
        while (true)
        {
            var size = BinaryPrimitives.ReadUInt32LittleEndian(frame[at..]);
            at += 4;
            if (size == 0)
                return output.ToArray();
            var block = frame.Slice(at, (int)(size & 0x7fffffff));
            at += block.Length + (hasBlockChecksum ? 4 : 0);
            if ((size & 0x80000000) != 0)
                output.Literal(block);
            else
                Block(block, output);
        }
    }

    private static void Block(ReadOnlySpan<byte> block, Output output)
    {
        var at = 0;
        while (at < block.Length)
        {
            var token = block[at++];
            var literals = Length(block, ref at, token >> 4);
            output.Literal(block.Slice(at, literals));
            at += literals;
            if (at == block.Length)
                return; // the last sequence has literals only
            var distance = BinaryPrimitives.ReadUInt16LittleEndian(block[at..]);
            at += 2;
            output.Copy(distance, Length(block, ref at, token & 0x0f) + MinMatch);
        }
    }

    private static int Length(ReadOnlySpan<byte> block, ref int at, int length)
    {
        if (length < 15)
            return length;
        byte more;
        do
        {
            more = block[at++];
            length = checked(length + more);
        }
        while (more == 255);
        return length;
    }
}
