using System.Runtime.CompilerServices;

namespace CroPlatform.Broker.Serve;

/// <summary>Takes connections in, at most so many at a time; the rest waits in the system's queue.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    /// <param name="serve">Must not throw.</param>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    public Listener(BrokerOptions options, Func<Socket, CancellationToken, ValueTask> serve)
    {
        var address = IPAddress.Parse(options.Bind);
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(new IPEndPoint(address, options.Port));
        _socket.Listen(128);
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        var places = new ParallelOptions { MaxDegreeOfParallelism = options.MaxConnections };
        _serving = Parallel.ForEachAsync(AcceptAsync(_stop.Token), places, (client, _) => serve(client, _stop.Token));
    }

    public int Port { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async IAsyncEnumerable<Socket> AcceptAsync([EnumeratorCancellation] CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Socket? client = null;
            try
            {
                client = await _socket.AcceptAsync(stop);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The end; or say too many open files: this connection is lost, the next may do better.
                await Task.Delay(TimeSpan.FromMilliseconds(100), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (client is not null)
                yield return client;
        }
    }
}
