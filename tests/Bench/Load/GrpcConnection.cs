using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace CroPlatform.Bench.Load;

/// <summary>A unary call to be repeated.</summary>
/// <param name="Key">Bearer key, or null.</param>
/// <param name="PerRequest">Units of work in each call.</param>
/// <param name="Wanted">Bytes that every answer must hold; empty: any answer of status 0 will do.</param>
internal sealed record GrpcCall(Uri Server, string Method, string? Key, IMessage Message, int PerRequest, ReadOnlyMemory<byte> Wanted);

/// <summary>
/// One HTTP/2 connection with a fixed number of calls under way, each followed by the next. One loop reads, and writes together what is due:
/// a full client would take more of the cores than the servers it measures.
/// </summary>
internal sealed class GrpcConnection : IDisposable
{
    private const int WindowRefill = 1 << 30;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _input = new byte[256 * 1024];
    private readonly MemoryStream _output = new();
    private readonly Dictionary<int, (long Asked, bool HasWanted)> _calls = [];
    private readonly GrpcCall _call;
    private readonly Template _request;
    private readonly int _dataAt;
    private readonly Window _window;
    private readonly Tally _tally;
    private int _nextStream = 1;
    private int _received;

    private GrpcConnection(GrpcCall call, Window window, int connection)
    {
        _call = call;
        _window = window;
        _tally = new Tally(window);
        _request = new Template(GrpcFrames.Call(call.Server, call.Method, call.Key, call.Message, out _dataAt), connection);
    }

    /// <summary>Calls over several connections until the window is over.</summary>
    public static Task<Measurement> RunAsync(Settings settings, GrpcCall call, int connections, int concurrency, Func<Task<double>>? cpuSeconds)
    {
        var window = new Window(settings);
        return Measurement.OfAsync(window, call.PerRequest, Enumerable.Range(0, connections).Select(c => Task.Run(() => RunAsync(call, window, c, concurrency / connections))), cpuSeconds);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _output.Dispose();
    }

    private static async Task<Tally> RunAsync(GrpcCall call, Window window, int number, int concurrency)
    {
        using var connection = new GrpcConnection(call, window, number);
        await connection._socket.ConnectAsync(new DnsEndPoint(call.Server.Host, call.Server.Port));
        connection._output.Write(GrpcFrames.Preface());
        for (var i = 0; i < concurrency; i++) connection.Ask();
        await connection.SendAsync();
        for (var filled = 0; connection._calls.Count > 0;)
        {
            var read = await connection._socket.ReceiveAsync(connection._input.AsMemory(filled));
            if (read == 0) throw new BenchException("the server ended an HTTP/2 connection");
            filled += read;
            var taken = connection.Take(connection._input.AsSpan(0, filled));
            connection._input.AsSpan(taken, filled - taken).CopyTo(connection._input);
            filled -= taken;
            await connection.SendAsync();
        }

        return connection._tally;
    }

    private async ValueTask SendAsync()
    {
        if (_output.Length == 0) return;
        var output = _output.GetBuffer().AsMemory(0, (int)_output.Length);
        while (output.Length > 0) output = output[await _socket.SendAsync(output)..];
        _output.SetLength(0);
    }

    /// <summary>Takes all whole frames; returns their length.</summary>
    private int Take(ReadOnlySpan<byte> input)
    {
        var taken = 0;
        while (input.Length - taken >= GrpcFrames.HeaderSize)
        {
            var (length, type, flags, stream) = GrpcFrames.Read(input[taken..]);
            if (input.Length - taken < GrpcFrames.HeaderSize + length) break;
            Take(type, flags, stream, input.Slice(taken + GrpcFrames.HeaderSize, length));
            taken += GrpcFrames.HeaderSize + length;
        }

        return taken;
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case GrpcFrames.Data:
                Refill(payload.Length);
                if (!_call.Wanted.IsEmpty && payload.IndexOf(_call.Wanted.Span) >= 0) _calls[stream] = _calls[stream] with { HasWanted = true };
                break;
            case GrpcFrames.Headers when (flags & GrpcFrames.EndStream) != 0:
                // A literal field, since the server was told to keep no table: name, length 1, '0'.
                End(stream, payload.IndexOf("grpc-status\u00010"u8) >= 0);
                break;
            case GrpcFrames.ResetStream:
                End(stream, false);
                break;
            case GrpcFrames.Settings or GrpcFrames.Ping when (flags & GrpcFrames.Acknowledge) == 0:
                _output.Write(GrpcFrames.Frame(type, GrpcFrames.Acknowledge, 0, type == GrpcFrames.Ping ? payload : default));
                break;
            case GrpcFrames.GoAway:
                throw new BenchException("the server sent GOAWAY");
        }
    }

    private void End(int stream, bool isSuccess)
    {
        if (!_calls.Remove(stream, out var call)) throw new BenchException($"an answer came for stream {stream}, which asked nothing");
        if (isSuccess && (_call.Wanted.IsEmpty || call.HasWanted)) _tally.Answer(call.Asked, _call.PerRequest);
        else _tally.Failure();
        if (!_window.IsOver(Stopwatch.GetTimestamp())) Ask();
    }

    private void Ask()
    {
        var request = _request.Next().Span;
        GrpcFrames.SetStream(request, _nextStream);
        GrpcFrames.SetStream(request[_dataAt..], _nextStream);
        _output.Write(request);
        _calls.Add(_nextStream, (Stopwatch.GetTimestamp(), false));
        _nextStream += 2;
    }

    private void Refill(int length)
    {
        _received += length;
        if (_received < WindowRefill) return;
        _output.Write(GrpcFrames.Window(_received));
        _received = 0;
    }
}
