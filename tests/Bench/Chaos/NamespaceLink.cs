using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// A link that can fall dead without either end's being told: a pair of virtual interfaces into the network namespace of a relay, which passes connections
/// on to a port out here. Needs root, iproute2 and util-linux. The namespace goes when the relay ends, and the interfaces with it.
/// </summary>
internal sealed class NamespaceLink : IDisposable
{
    /// <summary>The verb of this program that makes it the relay: <c>relay FROM TO</c>.</summary>
    public const string RelayVerb = "relay";

    // 198.18.0.0/15 is set aside for measurements (RFC 2544): four addresses for each link.
    private const int FirstNetwork = (198 << 24) | (18 << 16);
    private const int Networks = 1 << 15;
    private const int LinksOfProcess = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Whether this machine lets namespaces be made: as root, and not in every container.</summary>
    public static readonly bool IsPossible = Environment.IsPrivilegedProcess && HasIp() && Command.Run("unshare", "--net", "true") == 0;

    private readonly string _name;
    private readonly Process _relay;

    private NamespaceLink(int index, int port)
    {
        _name = string.Create(CultureInfo.InvariantCulture, $"cro{Environment.ProcessId % 1_000_000}-{index}");
        var network = FirstNetwork + 4 * ((Environment.ProcessId * LinksOfProcess + index) % Networks);
        (Outside, Inside) = (Address(network + 1), Address(network + 2));
        var (from, to) = (new IPEndPoint(IPAddress.Any, port), new IPEndPoint(Outside, port));
        _relay = Process.Start("unshare", ["--net", "dotnet", typeof(NamespaceLink).Assembly.Location, RelayVerb, from.ToString(), to.ToString()]);
    }

    /// <summary>The address of this side.</summary>
    public IPAddress Outside { get; }

    /// <summary>The address behind the link.</summary>
    public IPAddress Inside { get; }

    private string Far => _name + "f";

    /// <param name="index">Among this process's links, from 0 to 3.</param>
    /// <param name="port">Connections to <see cref="Inside"/> at this port are passed on to <see cref="Outside"/> at the same.</param>
    public static async Task<NamespaceLink> MakeAsync(int index, int port)
    {
        var link = new NamespaceLink(index, port);
        try
        {
            await link.SeparateAsync();
            Command.Demand("ip", "link", "add", link._name, "type", "veth", "peer", "name", link.Far, "netns", $"{link._relay.Id}");
            Command.Demand("ip", "address", "add", $"{link.Outside}/30", "dev", link._name);
            Command.Demand("ip", "link", "set", link._name, "up");
            link.Within("ip", "address", "add", $"{link.Inside}/30", "dev", link.Far);
            link.Up();
            return link;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>No packet passes any more, and nobody is told.</summary>
    public void Down() => Within("ip", "link", "set", Far, "down");

    public void Up() => Within("ip", "link", "set", Far, "up");

    /// <summary>Runs the relay until it is killed.</summary>
    public static async Task<int> RunRelayAsync(string from, string to)
    {
        using var relay = new CuttingProxy(IPEndPoint.Parse(from), IPEndPoint.Parse(to));
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    public void Dispose()
    {
        _relay.Kill();
        _relay.Dispose();
    }

    /// <summary>Waits until the relay's namespace is its own.</summary>
    private async Task SeparateAsync()
    {
        var ours = NamespaceOf("self");
        for (var since = Stopwatch.GetTimestamp(); NamespaceOf($"{_relay.Id}") == ours; await Task.Delay(5))
        {
            if (Stopwatch.GetElapsedTime(since) > Patience) throw new BenchException("a relay has no network namespace of its own");
        }
    }

    private static string? NamespaceOf(string process) => new FileInfo($"/proc/{process}/ns/net").LinkTarget;

    private static bool HasIp() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "ip")));

    private static IPAddress Address(int bits) => new(IPAddress.HostToNetworkOrder(bits) & 0xFFFFFFFFL);

    private void Within(params string[] command) => Command.Demand(["nsenter", "--target", $"{_relay.Id}", "--net", .. command]);
}
