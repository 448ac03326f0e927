using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CroPlatform.Services.Tests.Postgres;

/// <summary>Greets clients as Postgres does, as a primary or as a standby, and answers nothing else (protocol 3.0, "Start-up" and "Message Formats" in PostgreSQL's documentation).</summary>
internal sealed class FakePostgres : IDisposable
{
    private const int SslRequest = 80877103, GssRequest = 80877104;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly bool _isStandby;

    public FakePostgres(bool isStandby)
    {
        _isStandby = isStandby;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = GreetAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task GreetAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var head = new byte[8];
            while (true)
            {
                await stream.ReadExactlyAsync(head);
                if (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) is not (SslRequest or GssRequest)) break;
                await stream.WriteAsync("N"u8.ToArray());
            }

            await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(head) - head.Length]);
            byte[] greeting =
            [
                .. Message('R', [0, 0, 0, 0]),
                .. Parameter("server_version", "17.0"), .. Parameter("client_encoding", "UTF8"), .. Parameter("standard_conforming_strings", "on"),
                .. Parameter("in_hot_standby", _isStandby ? "on" : "off"), .. Parameter("default_transaction_read_only", "off"),
                .. Message('K', new byte[8]), .. Message('Z', "I"u8.ToArray()),
            ];
            await stream.WriteAsync(greeting);
            // Until the client goes.
            while (await stream.ReadAsync(head) > 0)
            {
            }
        }
    }

    private static byte[] Parameter(string name, string value) => Message('S', Encoding.ASCII.GetBytes($"{name}\0{value}\0"));

    private static byte[] Message(char kind, byte[] body)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length + 4);
        return [(byte)kind, .. length, .. body];
    }
}
