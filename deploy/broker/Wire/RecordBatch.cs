namespace CroPlatform.Broker.Wire;

/// <summary>
/// The head of a record batch v2 (KIP-98): 61 bytes before the records. The offset and the leader's epoch lie outside of what the CRC
/// covers, so that a broker may set them.
/// </summary>
/// <param name="Size">Of the whole batch, in bytes.</param>
/// <param name="BaseTimestamp">Of the first record, in ms since 1970.</param>
/// <param name="ProducerId">-1 where the producer is not idempotent.</param>
internal readonly record struct RecordBatch(
    long BaseOffset, int Size, sbyte Magic, short Attributes, int LastOffsetDelta, long BaseTimestamp, long MaxTimestamp,
    long ProducerId, short ProducerEpoch, int BaseSequence, int Count)
{
    public const int HeaderSize = 61;

    private const int CrcAt = 17;
    private const int AttributesAt = 21;

    public long LastOffset => BaseOffset + LastOffsetDelta;

    public long NextOffset => LastOffset + 1;

    /// <summary>Sequence numbers go round after 2^31 - 1.</summary>
    public int LastSequence => (int)(((long)BaseSequence + LastOffsetDelta) & int.MaxValue);

    /// <summary>0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.</summary>
    public int Compression => Attributes & 0x07;

    public bool HasLogAppendTime => (Attributes & 0x08) != 0;

    public bool IsTransactional => (Attributes & 0x10) != 0;

    public bool IsControl => (Attributes & 0x20) != 0;

    /// <summary>Whether the head makes sense, before the rest is looked at.</summary>
    public bool IsPlausible => Magic == 2 && Size >= HeaderSize && BaseOffset >= 0 && LastOffsetDelta >= 0 && Count == LastOffsetDelta + 1L;

    /// <param name="head">At least its 61 bytes.</param>
    public static RecordBatch Parse(ReadOnlySpan<byte> head) => new(
        BinaryPrimitives.ReadInt64BigEndian(head),
        (int)Math.Min(12L + BinaryPrimitives.ReadInt32BigEndian(head[8..]), int.MaxValue),
        (sbyte)head[16],
        BinaryPrimitives.ReadInt16BigEndian(head[AttributesAt..]),
        BinaryPrimitives.ReadInt32BigEndian(head[23..]),
        BinaryPrimitives.ReadInt64BigEndian(head[27..]),
        BinaryPrimitives.ReadInt64BigEndian(head[35..]),
        BinaryPrimitives.ReadInt64BigEndian(head[43..]),
        BinaryPrimitives.ReadInt16BigEndian(head[51..]),
        BinaryPrimitives.ReadInt32BigEndian(head[53..]),
        BinaryPrimitives.ReadInt32BigEndian(head[57..]));

    /// <summary>False where a head is not there in full, or makes no sense.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RecordBatch batch)
    {
        batch = bytes.Length < HeaderSize ? default : Parse(bytes);
        return batch.IsPlausible;
    }

    public static bool HasValidCrc(ReadOnlySpan<byte> batch) => BinaryPrimitives.ReadUInt32BigEndian(batch[CrcAt..]) == Crc(batch);

    /// <summary>Over everything from the attributes on.</summary>
    public static uint Crc(ReadOnlySpan<byte> batch) => Crc32C.Of(batch[AttributesAt..]);

    /// <summary>Gives a batch its place in the log. There is one leader for ever, so its epoch is 0.</summary>
    public static void Place(Span<byte> batch, long baseOffset)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[12..], 0);
    }
}
