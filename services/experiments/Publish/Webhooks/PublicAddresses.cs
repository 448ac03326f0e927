using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Publish.Webhooks;

/// <summary>
/// Which addresses a webhook may reach: public ones (IANA's special-purpose registries name the others), and the networks that are configured. What
/// counts is the address that is connected to, whatever the name resolved to before.
/// </summary>
internal sealed class PublicAddresses(IOptions<WebhookOptions> options)
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. ((string[])[
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            // Within 2000::/3: Teredo and other protocols, documentation, 6to4, which carries any address of IPv4.
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        ]).Select(n => IPNetwork.Parse(n)),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private readonly IPNetwork[] _allowed = [.. options.Value.AllowedNetworks.Select(n => IPNetwork.Parse(n))];

    public bool Includes(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (_allowed.Any(n => n.Contains(address))) return true;
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(address)) return false;
        return !NotPublic.Any(n => n.Contains(address));
    }

    /// <summary>Connects to the first address of the host that may be reached.</summary>
    /// <exception cref="AddressNotAllowedException">None may.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var addresses = (await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, ct)).Where(Includes).ToArray();
        if (addresses.Length == 0) throw new AddressNotAllowedException(context.DnsEndPoint.Host);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>The host has no address that may be called.</summary>
internal sealed class AddressNotAllowedException(string host) : HttpRequestException($"{host} has no address that webhooks may call");
