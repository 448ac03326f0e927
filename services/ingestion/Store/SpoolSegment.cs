using System.Buffers.Binary;
using CroPlatform.Files;

namespace CroPlatform.Services.Ingestion.Store;

/// <summary>
/// One file of the spool: frames of length (4 bytes, little endian), CRC-32C of the payload (4 bytes) and payload. What follows the first frame
/// that does not check is a torn tail: it was never acknowledged.
/// </summary>
internal sealed class SpoolSegment : IDisposable
{
    private const int HeaderBytes = 8;
    private const int LongestFrame = 16 << 20;

    private readonly IDurableFile _file;
    private readonly Lock _gate = new();

    public SpoolSegment(IDurableFiles files, string path)
    {
        (Path, _file) = (path, files.Open(path));
        Length = EndOfGoodFrames();
        if (Length < _file.Length) _file.SetLength(Length);
    }

    public string Path { get; }

    /// <summary>Bytes of whole, synced frames.</summary>
    public long Length { get; private set; }

    public static int FrameBytes(int payload) => HeaderBytes + payload;

    /// <summary>Appends payloads and returns once the disk has them.</summary>
    /// <exception cref="IOException">None of them is kept.</exception>
    public void Append(IReadOnlyList<byte[]> payloads)
    {
        var buffer = new byte[payloads.Sum(p => FrameBytes(p.Length))];
        var at = 0;
        foreach (var payload in payloads)
        {
            BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(at), payload.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(at + 4), Crc32C.Of(payload));
            payload.CopyTo(buffer, at + HeaderBytes);
            at += FrameBytes(payload.Length);
        }

        lock (_gate)
        {
            try
            {
                _file.Write(buffer, Length);
                _file.Sync();
                Length += buffer.Length;
            }
            catch (IOException)
            {
                // Refused to the sender, so it must not come back after a restart.
                _file.SetLength(Length);
                throw;
            }
        }
    }

    /// <summary>Reads whole frames from a position: as many as there are, up to about so many bytes and so many frames.</summary>
    /// <returns>The payloads, and the position after them.</returns>
    public (IReadOnlyList<byte[]> Payloads, long Next) Read(long from, int maxBytes, int maxPayloads)
    {
        var payloads = new List<byte[]>();
        lock (_gate)
        {
            var at = from;
            while (at - from < maxBytes && payloads.Count < maxPayloads && at < Length && FrameAt(at, Length) is { } payload)
            {
                payloads.Add(payload);
                at += FrameBytes(payload.Length);
            }

            return (payloads, at);
        }
    }

    public void Dispose() => _file.Dispose();

    private long EndOfGoodFrames()
    {
        var (at, end) = (0L, _file.Length);
        while (FrameAt(at, end) is { } payload) at += FrameBytes(payload.Length);
        return at;
    }

    private byte[]? FrameAt(long position, long end)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (position + HeaderBytes > end || _file.Read(header, position) < HeaderBytes) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is <= 0 or > LongestFrame || position + FrameBytes(length) > end) return null;
        var payload = new byte[length];
        return _file.Read(payload, position + HeaderBytes) == length && Crc32C.Of(payload) == BinaryPrimitives.ReadUInt32LittleEndian(header[4..])
            ? payload
            : null;
    }
}
