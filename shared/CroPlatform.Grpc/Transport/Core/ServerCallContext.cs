namespace Grpc.Core;

/// <summary>What a service method knows of its call, and what it may say beside its messages.</summary>
public abstract class ServerCallContext
{
    /// <summary>The request path, <c>/package.Service/Method</c>.</summary>
    public abstract string Method { get; }

    /// <summary>The authority the client named.</summary>
    public abstract string Host { get; }

    /// <summary>The client's address, as <c>ipv4:127.0.0.1:1234</c>.</summary>
    public abstract string Peer { get; }

    /// <summary>UTC; <see cref="DateTime.MaxValue"/> when the client set none.</summary>
    public abstract DateTime Deadline { get; }

    public abstract Metadata RequestHeaders { get; }

    /// <summary>Cancelled when the client goes away or the deadline passes.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>Sent after the last message, with the status.</summary>
    public abstract Metadata ResponseTrailers { get; }

    /// <summary>The status of a method that returns normally; OK unless set.</summary>
    public abstract Status Status { get; set; }

    /// <summary>For the messages that follow; a response stream's own come first. Null writes each out at once, compressed if the call is.</summary>
    public abstract WriteOptions? WriteOptions { get; set; }

    /// <summary>Room for middleware to hand things to the method.</summary>
    public abstract IDictionary<object, object> UserState { get; }

    /// <summary>Sends the response headers now, at most once and before the first message.</summary>
    /// <param name="responseHeaders">
    /// "grpc-internal-encoding-request" among them is not sent: "gzip" compresses the messages if the client accepts that, "identity" does not.
    /// </param>
    /// <exception cref="InvalidOperationException">They were sent before.</exception>
    public abstract Task WriteResponseHeadersAsync(Metadata responseHeaders);
}
