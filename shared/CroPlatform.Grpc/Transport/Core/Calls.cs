using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>What every kind of running call answers beside its messages. Disposing a call that has not ended cancels it.</summary>
public abstract class AsyncCall : IDisposable
{
    private readonly Func<object, Task<Metadata>> _responseHeaders;
    private readonly Func<object, Status> _status;
    private readonly Func<object, Metadata> _trailers;
    private readonly Action<object> _dispose;
    private readonly object _state;

    private protected AsyncCall(
        Func<object, Task<Metadata>> responseHeaders, Func<object, Status> status, Func<object, Metadata> trailers, Action<object> dispose, object state) =>
        (_responseHeaders, _status, _trailers, _dispose, _state) = (responseHeaders, status, trailers, dispose, state);

    public Task<Metadata> ResponseHeadersAsync => _responseHeaders(_state);

    /// <exception cref="InvalidOperationException">The call has not ended.</exception>
    public Status GetStatus() => _status(_state);

    /// <exception cref="InvalidOperationException">The call has not ended.</exception>
    public Metadata GetTrailers() => _trailers(_state);

    public void Dispose()
    {
        _dispose(_state);
        GC.SuppressFinalize(this);
    }
}

/// <summary>One request, one response.</summary>
public sealed class AsyncUnaryCall<TResponse>(
    Task<TResponse> responseAsync,
    Func<object, Task<Metadata>> responseHeadersAsync,
    Func<object, Status> getStatusFunc,
    Func<object, Metadata> getTrailersFunc,
    Action<object> disposeAction,
    object state) : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state)
{
    /// <summary>For fakes: an answer that is there already or comes from elsewhere.</summary>
    public AsyncUnaryCall(
        Task<TResponse> responseAsync, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc, Action disposeAction)
        : this(responseAsync, _ => responseHeadersAsync, _ => getStatusFunc(), _ => getTrailersFunc(), _ => disposeAction(), responseAsync)
    {
    }

    public Task<TResponse> ResponseAsync { get; } = responseAsync;

    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();

    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) => ResponseAsync.ConfigureAwait(continueOnCapturedContext);
}

/// <summary>One request, a stream of responses.</summary>
public sealed class AsyncServerStreamingCall<TResponse>(
    IAsyncStreamReader<TResponse> responseStream,
    Func<object, Task<Metadata>> responseHeadersAsync,
    Func<object, Status> getStatusFunc,
    Func<object, Metadata> getTrailersFunc,
    Action<object> disposeAction,
    object state) : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state)
{
    public IAsyncStreamReader<TResponse> ResponseStream { get; } = responseStream;
}

/// <summary>A stream of requests, one response.</summary>
public sealed class AsyncClientStreamingCall<TRequest, TResponse>(
    IClientStreamWriter<TRequest> requestStream,
    Task<TResponse> responseAsync,
    Func<object, Task<Metadata>> responseHeadersAsync,
    Func<object, Status> getStatusFunc,
    Func<object, Metadata> getTrailersFunc,
    Action<object> disposeAction,
    object state) : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state)
{
    public IClientStreamWriter<TRequest> RequestStream { get; } = requestStream;

    public Task<TResponse> ResponseAsync { get; } = responseAsync;

    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();
}

/// <summary>Streams both ways.</summary>
public sealed class AsyncDuplexStreamingCall<TRequest, TResponse>(
    IClientStreamWriter<TRequest> requestStream,
    IAsyncStreamReader<TResponse> responseStream,
    Func<object, Task<Metadata>> responseHeadersAsync,
    Func<object, Status> getStatusFunc,
    Func<object, Metadata> getTrailersFunc,
    Action<object> disposeAction,
    object state) : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state)
{
    public IClientStreamWriter<TRequest> RequestStream { get; } = requestStream;

    public IAsyncStreamReader<TResponse> ResponseStream { get; } = responseStream;
}
