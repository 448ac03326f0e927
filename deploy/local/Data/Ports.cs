using System.Net;
using System.Net.Sockets;

namespace CroPlatform.Local.Data;

/// <summary>Which port each listener has. A choice is kept for the next start, as long as the port is free then.</summary>
internal static class Ports
{
    /// <summary>The public door, the only one with a fixed port.</summary>
    public const string Door = "door";

    public const int DefaultDoor = 8080;

    // Below the range from which Linux takes ports for outgoing connections (32768 and up), so that none slips in between.
    private const int Lowest = 20_000;
    private const int Highest = 32_000;

    /// <summary>Keeps the remembered ports that may be kept and chooses free ones for the rest.</summary>
    /// <param name="remembered">The ports of the last start.</param>
    /// <param name="names">Every listener that needs a port.</param>
    /// <param name="mayKeep">Whether a remembered port is still to be had: it is free, or the listener itself has it.</param>
    /// <param name="isFree">Whether nobody listens on a port.</param>
    public static SortedDictionary<string, int> Choose(
        IReadOnlyDictionary<string, int> remembered,
        IEnumerable<string> names,
        Func<string, int, bool> mayKeep,
        Func<int, bool> isFree,
        Random random)
    {
        var chosen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var open = new List<string>();
        foreach (var name in names)
        {
            if (remembered.TryGetValue(name, out var port) && mayKeep(name, port) && !chosen.ContainsValue(port))
                chosen[name] = port;
            else
                open.Add(name);
        }

        foreach (var name in open)
            chosen[name] = Free(port => isFree(port) && !chosen.ContainsValue(port) && !remembered.Values.Contains(port), random);
        return chosen;
    }

    /// <summary>Whether a server could listen on this port of 127.0.0.1 now.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int Free(Func<int, bool> isFree, Random random)
    {
        for (var tries = 0; tries < 1_000; tries++)
        {
            var port = random.Next(Lowest, Highest);
            if (isFree(port))
                return port;
        }

        throw new FailureException($"found no free port from {Lowest} to {Highest} on 127.0.0.1");
    }
}
