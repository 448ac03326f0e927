using System.Net;
using System.Net.Sockets;

namespace CroPlatform.Bench.Chaos;

/// <summary>A way to a server through a proxy that cuts replies and, where root allows, over interfaces that can fall dead.</summary>
internal sealed class BreakableLink : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly NamespaceLink? _interfaces;

    private BreakableLink(NamespaceLink? interfaces, CuttingProxy proxy)
    {
        (_interfaces, Proxy) = (interfaces, proxy);
        Entry = interfaces is null ? new IPEndPoint(IPAddress.Loopback, proxy.Port) : new IPEndPoint(interfaces.Inside, proxy.Port);
    }

    /// <summary>Where callers connect.</summary>
    public IPEndPoint Entry { get; }

    public CuttingProxy Proxy { get; }

    /// <param name="index">Among this process's links, from 0 to 3.</param>
    /// <param name="target">The server's port on 127.0.0.1.</param>
    /// <param name="request">What a request of the kind that is cut holds.</param>
    public static async Task<BreakableLink> MakeAsync(int index, int target, string request, Random random)
    {
        var port = FreePort();
        var interfaces = NamespaceLink.IsPossible ? await NamespaceLink.MakeAsync(index, port) : null;
        var link = new BreakableLink(interfaces, new CuttingProxy(new IPEndPoint(interfaces?.Outside ?? IPAddress.Loopback, port), target, request, random));
        await link.OpenAsync();
        return link;
    }

    /// <summary>Passes nothing on any more and closes nothing.</summary>
    public void Silence()
    {
        if (_interfaces is null) Proxy.Freeze();
        else _interfaces.Down();
    }

    /// <summary>Does no harm any more.</summary>
    public void Heal()
    {
        Proxy.Heal();
        _interfaces?.Up();
    }

    public void Dispose()
    {
        Proxy.Dispose();
        _interfaces?.Dispose();
    }

    /// <summary>A port that nobody has just now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until the relay listens.</summary>
    private async Task OpenAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(Entry, limit.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }
}
