using System.Buffers.Binary;
using System.Net.Sockets;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Tests;

/// <summary>Speaks the protocol byte by byte, for what no well-behaved client would say.</summary>
internal sealed class WireClient : IDisposable
{
    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private int _correlation;

    public WireClient(string bootstrap, int patienceMs = 20_000)
    {
        var address = bootstrap.Split(':');
        _client = new TcpClient(address[0], int.Parse(address[1])) { NoDelay = true };
        _stream = _client.GetStream();
        _stream.ReadTimeout = patienceMs;
    }

    public static byte[] Frame(ApiKey key, short version, int correlation, Action<WireWriter> body)
    {
        using var writer = new WireWriter();
        writer.Int32(0);
        writer.Int16((short)key);
        writer.Int16(version);
        writer.Int32(correlation);
        writer.String("wire-client");
        writer.Flexible = version >= ApiVersionRange.All[key].FlexibleFrom;
        writer.Tags();
        body(writer);
        writer.PatchInt32(0, writer.Length - 4);
        return writer.Written.ToArray();
    }

    public void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    public void Send(ApiKey key, short version, Action<WireWriter> body) => Send(Frame(key, version, ++_correlation, body));

    /// <summary>The next response's body.</summary>
    /// <exception cref="EndOfStreamException">The broker closed the connection.</exception>
    public WireReader Receive(bool flexible = false)
    {
        var head = new byte[4];
        _stream.ReadExactly(head);
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
        _stream.ReadExactly(body);
        var reader = new WireReader(body) { Flexible = flexible };
        _ = reader.Int32();
        return reader;
    }

    /// <summary>Passes responses over up to and with the one to a request.</summary>
    public void SkipTo(int correlation)
    {
        for (var head = new byte[8]; ;)
        {
            _stream.ReadExactly(head);
            _stream.ReadExactly(new byte[BinaryPrimitives.ReadInt32BigEndian(head) - 4]);
            if (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) == correlation)
                return;
        }
    }

    public WireReader Ask(ApiKey key, short version, Action<WireWriter> body)
    {
        Send(key, version, body);
        return Receive();
    }

    /// <summary>Writes one batch to a partition.</summary>
    public (ErrorCode Error, long BaseOffset) Produce(string topic, byte[] batch, short acks = -1, int partition = 0)
    {
        var reader = Ask(ApiKey.Produce, 7, writer => ProduceBody(writer, topic, batch, acks, partition));
        return reader.Array(t => (t.String(), Partitions: t.Array(p => (p.Int32(), Error: (ErrorCode)p.Int16(), Offset: p.Int64(), p.Int64(), p.Int64()))))
            .Select(t => (t.Partitions[0].Error, t.Partitions[0].Offset)).Single();
    }

    public static void ProduceBody(WireWriter writer, string topic, byte[] batch, short acks, int partition)
    {
        writer.String(null);
        writer.Int16(acks);
        writer.Int32(10_000);
        writer.Count(1);
        writer.String(topic);
        writer.Count(1);
        writer.Int32(partition);
        writer.Bytes(batch);
    }

    /// <summary>Reads one partition from an offset on.</summary>
    public (ErrorCode Error, long HighWatermark, byte[] Records) Fetch(string topic, long offset, int waitMs = 0, int minBytes = 1, int maxBytes = 1 << 20, int partitionMaxBytes = 1 << 20)
    {
        var reader = Ask(ApiKey.Fetch, 4, writer =>
        {
            writer.Int32(-1);
            writer.Int32(waitMs);
            writer.Int32(minBytes);
            writer.Int32(maxBytes);
            writer.Int8(0);
            writer.Count(1);
            writer.String(topic);
            writer.Count(1);
            writer.Int32(0);
            writer.Int64(offset);
            writer.Int32(partitionMaxBytes);
        });
        _ = reader.Int32();
        return reader.Array(t => (t.String(), t.Array(p =>
        {
            _ = p.Int32();
            var (error, high) = ((ErrorCode)p.Int16(), p.Int64());
            _ = p.Int64();
            p.NullableArray(a => a.Int64());
            return (error, high, p.NullableBytes()?.ToArray() ?? []);
        }))).Single().Item2.Single();
    }

    public void Dispose() => _client.Dispose();
}
