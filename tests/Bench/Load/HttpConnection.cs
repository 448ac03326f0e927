using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace CroPlatform.Bench.Load;

/// <param name="Body">Valid until the connection's next request. In chunks where the server sends them so.</param>
internal readonly record struct HttpReply(int Status, ReadOnlyMemory<byte> Body);

/// <summary>One HTTP/1.1 connection, one request at a time, without anything that a measurement does not need.</summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[1024 * 1024];

    public static async Task<HttpConnection> OpenAsync(Uri server)
    {
        var connection = new HttpConnection();
        await connection._socket.ConnectAsync(new DnsEndPoint(server.Host, server.Port));
        return connection;
    }

    /// <exception cref="BenchException">The server ended the connection, or its answer has more than 64 KiB.</exception>
    public async ValueTask<HttpReply> AskAsync(ReadOnlyMemory<byte> request)
    {
        for (var sent = 0; sent < request.Length;) sent += await _socket.SendAsync(request[sent..]);
        for (var filled = 0; ;)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(filled));
            if (read == 0) throw new BenchException("the server ended the connection in the midst of an answer, or the answer is too long");
            filled += read;
            if (TryRead(filled) is { } reply) return reply;
        }
    }

    public void Dispose() => _socket.Dispose();

    private HttpReply? TryRead(int filled)
    {
        var answer = _buffer.AsSpan(0, filled);
        var headers = answer.IndexOf("\r\n\r\n"u8);
        if (headers < 0) return null;
        var body = headers + 4;
        var status = Number(answer["HTTP/1.1 ".Length..]);
        if (status == 100) throw new BenchException("the server sent an interim answer that nobody asked for");
        var at = answer[..body].IndexOf("\r\nContent-Length: "u8);
        if (at >= 0)
        {
            var length = Number(answer[(at + "\r\nContent-Length: ".Length)..]);
            return filled >= body + length ? new HttpReply(status, _buffer.AsMemory(body, length)) : null;
        }

        return answer[body..].EndsWith("0\r\n\r\n"u8) ? new HttpReply(status, _buffer.AsMemory(body, filled - body)) : null;
    }

    private static int Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int number, out _) ? number : throw new BenchException("this is no HTTP/1.1 answer");
}
