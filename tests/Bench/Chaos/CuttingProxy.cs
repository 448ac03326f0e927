using System.Net;
using System.Net.Sockets;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// A TCP proxy that passes bytes on until it is told to do harm: to cut the connection after half of the reply to a request of a kind, so that
/// the request was carried out and nobody knows, or to fall silent without closing, as a broken link does.
/// </summary>
internal sealed class CuttingProxy : IDisposable
{
    private const int KeepAliveSeconds = 2;

    private readonly TcpListener _listener;
    private readonly IPEndPoint _target;
    private readonly byte[] _request = [];
    private readonly Random _random = new(0);
    private readonly Lock _gate = new();
    private TaskCompletionSource _open = Opened();
    private int _due;
    private int _cuts;
    private double _share;

    /// <summary>A proxy that can cut.</summary>
    /// <param name="target">Port on 127.0.0.1.</param>
    /// <param name="request">What a request of the kind that is cut holds, say <c>COMMIT</c>.</param>
    public CuttingProxy(IPEndPoint from, int target, string request, Random random)
        : this(from, new IPEndPoint(IPAddress.Loopback, target)) => (_request, _random) = (System.Text.Encoding.ASCII.GetBytes(request), random);

    /// <summary>A proxy that only passes on.</summary>
    public CuttingProxy(IPEndPoint from, IPEndPoint to)
    {
        (_listener, _target) = (new TcpListener(from), to);
        _listener.Start(512);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Replies that were cut so far.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>How many of the replies to such requests are cut, from 0 to 1.</summary>
    public double Share
    {
        set => Volatile.Write(ref _share, value);
    }

    /// <summary>The replies to the next so many such requests are cut.</summary>
    public void CutNext(int replies) => Interlocked.Exchange(ref _due, replies);

    /// <summary>Passes nothing on any more and closes nothing, until it is thawed.</summary>
    public void Freeze() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw() => _open.TrySetResult();

    /// <summary>Does no harm any more.</summary>
    public void Heal()
    {
        Thaw();
        CutNext(0);
        Share = 0;
    }

    public void Dispose()
    {
        Thaw();
        _listener.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient caller)
    {
        using (caller)
        {
            try
            {
                using var server = new TcpClient { NoDelay = true };
                await server.ConnectAsync(_target);
                caller.NoDelay = true;
                KeepAlive(caller.Client);
                KeepAlive(server.Client);
                var link = new Link();
                await Task.WhenAny(RequestsAsync(caller.GetStream(), server.GetStream(), link), RepliesAsync(server.GetStream(), caller.GetStream(), link));
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // The server is dead: so is the connection.
            }
        }
    }

    /// <summary>One side may have gone while the link was dead: then nothing but a question tells it.</summary>
    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
    }

    private async Task RequestsAsync(NetworkStream from, NetworkStream to, Link link)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer) is > 0 and var read)
            {
                await _open.Task;
                if (_request.Length > 0 && buffer.AsSpan(0, read).IndexOf(_request) >= 0 && IsToBeCut()) link.Cut = true;
                await to.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // One side has gone; the other is closed with it.
        }
    }

    private async Task RepliesAsync(NetworkStream from, NetworkStream to, Link link)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer) is > 0 and var read)
            {
                await _open.Task;
                await to.WriteAsync(buffer.AsMemory(0, link.Cut ? read / 2 : read));
                if (!link.Cut) continue;
                Interlocked.Increment(ref _cuts);
                return;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // As above.
        }
    }

    private bool IsToBeCut()
    {
        if (Volatile.Read(ref _due) > 0 && Interlocked.Decrement(ref _due) >= 0) return true;
        var share = Volatile.Read(ref _share);
        if (share == 0) return false;
        lock (_gate) return _random.NextDouble() < share;
    }

    private sealed class Link
    {
        public volatile bool Cut;
    }
}
