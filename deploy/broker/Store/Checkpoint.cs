using System.Buffers.Binary;

namespace CroPlatform.Broker.Store;

/// <summary>
/// A point of a partition's log before which everything is on disk, with what its producers had sent by then. A start reads the log from
/// here only. It is written after the fsync that it speaks of.
/// </summary>
internal sealed record Checkpoint(long Segment, long Position, long Offset, ProducerStates Producers)
{
    private const string Name = "checkpoint";

    public static void Store(ILogFiles files, string folder, byte[] content)
    {
        var bytes = new byte[content.Length + 4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Crc32C.Of(content));
        content.CopyTo(bytes, 4);
        files.Replace(Path.Combine(folder, Name), bytes);
    }

    /// <summary>Taken while nothing is appended; stored later, once the log is on disk up to here.</summary>
    public byte[] ToBytes()
    {
        using var writer = new WireWriter();
        writer.Int64(Segment);
        writer.Int64(Position);
        writer.Int64(Offset);
        Producers.Save(writer);
        return writer.Written.ToArray();
    }

    /// <summary>The stored one; null if there is none, or a broken one.</summary>
    public static Checkpoint? Load(ILogFiles files, string folder)
    {
        if (files.ReadAll(Path.Combine(folder, Name)) is not { Length: > 4 } bytes || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Crc32C.Of(bytes.AsSpan(4)))
            return null;
        var reader = new WireReader(bytes.AsMemory(4));
        var producers = new ProducerStates();
        var (segment, position, offset) = (reader.Int64(), reader.Int64(), reader.Int64());
        producers.Load(reader);
        return new Checkpoint(segment, position, offset, producers);
    }
}
