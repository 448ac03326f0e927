using System.Buffers.Binary;

namespace CroPlatform.Broker.Store;

/// <summary>Reads Snappy (format_description.txt), plain or in the framing of the Java client (xerial), which Kafka's clients use both.</summary>
internal static class Snappy
{
    private const int XerialHead = 16;

    private static ReadOnlySpan<byte> XerialMagic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    /// <exception cref="InvalidDataException">It is not that, or larger than the limit.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> bytes, int limit)
    {
        var output = new Output(limit);
        if (!bytes.StartsWith(XerialMagic))
        {
            Block(bytes, output);
            return output.ToArray();
        }

        for (var at = XerialHead; at < bytes.Length;)
        {
            var size = BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
            Block(bytes.Slice(at + 4, size), output);
            at += 4 + size;
        }

        return output.ToArray();
    }

    private static void Block(ReadOnlySpan<byte> block, Output output)
    {
        var at = 0;
        while (block[at++] >= 0x80)
        {
            // The length of the whole, which the output finds out by itself.
        }

        while (at < block.Length)
        {
            var tag = block[at++];
            switch (tag & 3)
            {
                case 0:
                    var length = tag >> 2;
                    if (length >= 60)
                    {
                        var size = length - 59;
                        length = LittleEndian(block.Slice(at, size));
                        at += size;
                    }

                    output.Literal(block.Slice(at, length + 1));
                    at += length + 1;
                    break;
                case 1:
                    output.Copy(((tag >> 5) << 8) | block[at++], ((tag >> 2) & 7) + 4);
                    break;
                case 2:
                    output.Copy(LittleEndian(block.Slice(at, 2)), (tag >> 2) + 1);
                    at += 2;
                    break;
                default:
                    output.Copy(LittleEndian(block.Slice(at, 4)), (tag >> 2) + 1);
                    at += 4;
                    break;
            }
        }
    }

    private static int LittleEndian(ReadOnlySpan<byte> bytes)
    {
        var value = 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }
}
