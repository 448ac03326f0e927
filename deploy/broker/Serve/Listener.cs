using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace CroPlatform.Broker.Serve;

/// <summary>Takes connections in, at most so many at a time; the rest waits in the system's queue.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly Func<Socket, CancellationToken, Task> _serve;
    private readonly Task _accepting;

    /// <exception cref="SocketException">The port cannot be had.</exception>
    public Listener(BrokerOptions options, Func<Socket, CancellationToken, Task> serve)
    {
        (_serve, _places) = (serve, new SemaphoreSlim(options.MaxConnections));
        var address = IPAddress.Parse(options.Bind);
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _socket.Bind(new IPEndPoint(address, options.Port));
            _socket.Listen(128);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _socket.Dispose();
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
        _places.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stop.Token);
                var client = await _socket.AcceptAsync(_stop.Token);
                var serving = Task.Run(() => ServeAsync(client));
                _connections[serving] = 0;
                _ = serving.ContinueWith(done => _connections.TryRemove(done, out _), TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Say too many open files: this connection is lost, the next may do better.
                _places.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            await _serve(client, _stop.Token);
        }
        finally
        {
            client.Dispose();
            _places.Release();
        }
    }
}
