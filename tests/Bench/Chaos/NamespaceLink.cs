using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// A link that can fall dead without either end's being told: a pair of virtual interfaces into a network namespace of its own, behind which a relay
/// passes connections on to a port out here. Needs root and iproute2.
/// </summary>
internal sealed class NamespaceLink : IDisposable
{
    /// <summary>The verb of this program that makes it the relay: <c>relay FROM TO</c>.</summary>
    public const string RelayVerb = "relay";

    // 198.18.0.0/15 is set aside for measurements (RFC 2544): four addresses for each link.
    private const int FirstNetwork = (198 << 24) | (18 << 16);
    private const int Networks = 1 << 15;
    private const int LinksOfProcess = 4;

    private readonly string _name;
    private Process? _relay;

    private NamespaceLink(int index)
    {
        _name = string.Create(CultureInfo.InvariantCulture, $"cro{Environment.ProcessId % 1_000_000}-{index}");
        var network = FirstNetwork + 4 * ((Environment.ProcessId * LinksOfProcess + index) % Networks);
        (Outside, Inside) = (Address(network + 1), Address(network + 2));
    }

    public static bool IsPossible => Environment.IsPrivilegedProcess && Folders.Any(f => File.Exists(Path.Combine(f, "ip")));

    /// <summary>The address of this side.</summary>
    public IPAddress Outside { get; }

    /// <summary>The address behind the link.</summary>
    public IPAddress Inside { get; }

    private static string[] Folders => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');

    private string Far => _name + "f";

    /// <param name="index">Among this process's links, from 0 to 3.</param>
    public static async Task<NamespaceLink> MakeAsync(int index)
    {
        var link = new NamespaceLink(index);
        try
        {
            await IpAsync("netns", "add", link._name);
            await IpAsync("link", "add", link._name, "type", "veth", "peer", "name", link.Far, "netns", link._name);
            await IpAsync("address", "add", $"{link.Outside}/30", "dev", link._name);
            await IpAsync("link", "set", link._name, "up");
            await IpAsync("-n", link._name, "address", "add", $"{link.Inside}/30", "dev", link.Far);
            await link.UpAsync();
            return link;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Passes connections to <see cref="Inside"/> at this port on to <see cref="Outside"/> at that one.</summary>
    public void Relay(int from, int to) => _relay = Process.Start("ip",
    [
        "netns", "exec", _name, "dotnet", typeof(NamespaceLink).Assembly.Location, RelayVerb, new IPEndPoint(Inside, from).ToString(), new IPEndPoint(Outside, to).ToString(),
    ]);

    /// <summary>No packet passes any more, and nobody is told.</summary>
    public Task DownAsync() => IpAsync("-n", _name, "link", "set", Far, "down");

    public Task UpAsync() => IpAsync("-n", _name, "link", "set", Far, "up");

    /// <summary>Runs the relay until it is killed.</summary>
    public static async Task<int> RunRelayAsync(string from, string to)
    {
        using var relay = new CuttingProxy(IPEndPoint.Parse(from), IPEndPoint.Parse(to));
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    public void Dispose()
    {
        _relay?.Kill();
        _relay?.Dispose();
        // Its interfaces go with it.
        using var removal = Process.Start("ip", ["netns", "delete", _name]);
        removal.WaitForExit();
    }

    private static IPAddress Address(int bits) => new(IPAddress.HostToNetworkOrder(bits) & 0xFFFFFFFFL);

    private static async Task IpAsync(params string[] words)
    {
        using var process = Process.Start("ip", words);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new BenchException($"'ip {string.Join(' ', words)}' ended with {process.ExitCode}");
    }
}
