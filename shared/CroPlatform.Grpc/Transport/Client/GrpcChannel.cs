using System.Collections.Concurrent;
using CroPlatform.Grpc.Client;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>
/// A server to call, for any number of calls and clients at once; connections are made and shared as needed. Meant to live
/// as long as the process.
/// </summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly ConcurrentDictionary<string, Uri> _addresses = new();
    private readonly Uri _address;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        _address = address;
        ReceiveLimit = options.MaxReceiveMessageSize ?? int.MaxValue;
        SendLimit = options.MaxSendMessageSize ?? int.MaxValue;
        var handler = options.HttpHandler ?? new SocketsHttpHandler
        {
            // A server allows about a hundred calls at once on a connection.
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        };
        Http = new HttpMessageInvoker(handler, disposeHandler: options.HttpHandler is null || options.DisposeHttpClient);
    }

    internal HttpMessageInvoker Http { get; }

    internal int ReceiveLimit { get; }

    internal int SendLimit { get; }

    /// <param name="address">The server, as <c>http://host:port</c>; it speaks HTTP/2 there from the first byte.</param>
    /// <param name="channelOptions">Null for the defaults.</param>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions? channelOptions = null) => ForAddress(new Uri(address), channelOptions);

    /// <inheritdoc cref="ForAddress(string, GrpcChannelOptions?)"/>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions? channelOptions = null) => address.Scheme is "http" or "https"
        ? new GrpcChannel(address, channelOptions ?? new GrpcChannelOptions())
        : throw new ArgumentException($"'{address}' is not of the form http://host:port.", nameof(address));

    public override CallInvoker CreateCallInvoker() => new HttpCallInvoker(this);

    /// <summary>Ends the calls that run and closes the connections.</summary>
    public void Dispose() => Http.Dispose();

    internal Uri AddressOf(IMethod method) => _addresses.GetOrAdd(method.FullName, static (path, address) => new Uri(address, path), _address);
}
