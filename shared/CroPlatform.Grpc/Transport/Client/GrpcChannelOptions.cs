namespace Grpc.Net.Client;

/// <summary>How a channel connects and what its messages may weigh.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>Largest response message in bytes; null lifts the limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Largest request message in bytes; null sets no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Carries the requests instead of a handler of the channel's own; a test server's, for example.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>True when the channel is to dispose of <see cref="HttpHandler"/> with itself.</summary>
    public bool DisposeHttpClient { get; set; }
}
