namespace Grpc.Core;

/// <summary>What a caller may set for one call.</summary>
/// <param name="headers">Request headers. "grpc-internal-encoding-request" with the value "gzip" is not sent but compresses the requests.</param>
/// <param name="deadline">UTC; null never ends the call.</param>
/// <param name="cancellationToken">Cancels the call on both sides.</param>
/// <param name="writeOptions">For each message to be sent; a request stream's own come first.</param>
#pragma warning disable CA1068 // The order is Grpc.Core's.
public readonly struct CallOptions(
    Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default, WriteOptions? writeOptions = null)
#pragma warning restore CA1068
{
    public Metadata? Headers { get; } = headers;

    public DateTime? Deadline { get; } = deadline;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    public WriteOptions? WriteOptions { get; } = writeOptions;

    public CallOptions WithHeaders(Metadata headers) => new(headers, Deadline, CancellationToken, WriteOptions);

    public CallOptions WithDeadline(DateTime deadline) => new(Headers, deadline, CancellationToken, WriteOptions);

    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => new(Headers, Deadline, cancellationToken, WriteOptions);

    public CallOptions WithWriteOptions(WriteOptions writeOptions) => new(Headers, Deadline, CancellationToken, writeOptions);
}

/// <summary>Starts calls; generated clients are written against it.</summary>
public abstract class CallInvoker
{
    public abstract TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class;
}

/// <summary>A place to call.</summary>
public abstract class ChannelBase(string target)
{
    /// <summary>The server's authority, host:port.</summary>
    public string Target { get; } = target;

    public abstract CallInvoker CreateCallInvoker();
}

/// <summary>The base of generated clients.</summary>
public abstract class ClientBase
{
    private readonly CallInvoker? _callInvoker;

    private protected ClientBase(CallInvoker? callInvoker) => _callInvoker = callInvoker;

    protected CallInvoker CallInvoker =>
        _callInvoker ?? throw new InvalidOperationException("A client made without channel or call invoker cannot call; override its methods.");

    /// <summary>What a generated client is made from.</summary>
    protected internal sealed class ClientBaseConfiguration
    {
        internal ClientBaseConfiguration(CallInvoker callInvoker) => CallInvoker = callInvoker;

        internal CallInvoker CallInvoker { get; }
    }
}

/// <summary>The base of the generated client <typeparamref name="T"/>.</summary>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    protected ClientBase()
        : base(null)
    {
    }

    protected ClientBase(ChannelBase channel)
        : base(channel.CreateCallInvoker())
    {
    }

    protected ClientBase(CallInvoker callInvoker)
        : base(callInvoker)
    {
    }

    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration.CallInvoker)
    {
    }

    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
