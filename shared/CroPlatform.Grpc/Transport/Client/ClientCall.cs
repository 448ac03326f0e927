using System.IO.Compression;
using System.Net.Http.Headers;
using CroPlatform.Grpc.Wire;
using Grpc.Core;
using Grpc.Net.Client;

namespace CroPlatform.Grpc.Client;

/// <summary>One call on the client: its HTTP request, its deadline, and the first outcome it came to.</summary>
internal abstract class ClientCall
{
    // The delegates that AsyncUnaryCall and its like take, made once.
    public static readonly Func<object, Task<Metadata>> Headers = call => ((ClientCall)call).ReadHeadersAsync();
    public static readonly Func<object, Status> Status = call => ((ClientCall)call).Ended.Status;
    public static readonly Func<object, Metadata> Trailers = call => ((ClientCall)call).Ended.Trailers;
    public static readonly Action<object> Cancel = call => ((ClientCall)call).CancelByCaller();

    private static readonly MediaTypeHeaderValue ContentType = new(WireFormat.ContentType);

    private readonly GrpcChannel _channel;
    private readonly CallOptions _options;
    private readonly CancellationTokenSource _cancellation;
    private HttpContent? _content;
    private Outcome? _outcome;
    private bool _cancelledByCaller;
    private int _released;

    protected ClientCall(GrpcChannel channel, CallOptions options)
    {
        if (options.Deadline is { Kind: not DateTimeKind.Utc } deadline && deadline != DateTime.MaxValue && deadline != DateTime.MinValue)
            throw new ArgumentException("A call's deadline is a time in UTC.", nameof(options));
        _channel = channel;
        _options = options;
        Compression = WireFormat.AsksForGzip(options.Headers) ? MessageCompression.Default : null;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken);
        Cancellation = _cancellation.Token;
    }

    public WriteOptions? WriteOptions => _options.WriteOptions;

    /// <summary>True once the call has an outcome.</summary>
    public bool HasEnded => _outcome is not null;

    /// <summary>True once the caller or the deadline has ended the call.</summary>
    public bool IsGivenUp => Cancellation.IsCancellationRequested;

    /// <summary>The level that requests are compressed at; null where they are not.</summary>
    private CompressionLevel? Compression { get; }

    /// <summary>The caller's cancellation and the deadline.</summary>
    protected CancellationToken Cancellation { get; }

    /// <summary>The response once its headers are there.</summary>
    protected Task<HttpResponseMessage> Response { get; private set; } = null!;

    /// <summary>True while the one message is missing without which the call cannot end well.</summary>
    protected bool LacksMessage { get; set; }

    private Outcome Ended => _outcome ?? throw new InvalidOperationException("The call has not ended.");

    /// <summary>Sends the request.</summary>
    public void Send(IMethod method, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _channel.AddressOf(method))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = _content = content,
        };
        request.Content.Headers.ContentType = ContentType;
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation(WireFormat.AcceptEncoding, WireFormat.AcceptedEncodings);
        if (Compression is not null)
            request.Headers.TryAddWithoutValidation(WireFormat.Encoding, WireFormat.Gzip);
        if (_options.Deadline is { } deadline && deadline != DateTime.MaxValue)
        {
            var left = deadline - DateTime.UtcNow;
            if (left <= TimeSpan.Zero)
                _cancellation.Cancel();
            else if (left <= WireFormat.LongestTimer)
                _cancellation.CancelAfter(left);
            request.Headers.TryAddWithoutValidation(WireFormat.Timeout, WireFormat.FormatTimeout(left));
        }
        foreach (var entry in _options.Headers ?? Metadata.Empty)
        {
            if (!WireFormat.IsReserved(entry.Key))
                request.Headers.TryAddWithoutValidation(entry.Key, WireFormat.HeaderValue(entry));
        }
        Response = _channel.Http.SendAsync(request, Cancellation);
    }

    /// <summary>Takes what kept the request from being sent for the call's failure.</summary>
    public void Refuse(Exception exception) => Response = Task.FromException<HttpResponseMessage>(exception);

    /// <summary>Ends the call at once when it is cancelled or late, also while nobody waits for its messages.</summary>
    public void EndWhenCancelled() =>
        Cancellation.UnsafeRegister(static call => ((ClientCall)call!).Fail(new OperationCanceledException()), this);

    /// <summary>A request message in its frame, compressed if the call is.</summary>
    public ReadOnlyMemory<byte> Frame<TRequest>(Marshaller<TRequest> marshaller, TRequest message, WriteFlags flags)
    {
        var frame = MessageWriter.ToMemory(marshaller, message, _channel.SendLimit);
        return Compression is { } level && !flags.HasFlag(WriteFlags.NoCompress) ? MessageCompression.Compress(frame, level) : frame;
    }

    /// <summary>What a write throws that failed, or came after the call's end: the call's own failure.</summary>
    public async Task<Exception> WriteFailureAsync(Exception? exception)
    {
        if (!HasEnded)
        {
            try
            {
                // What broke the request has ended the response too, or is about to. A refusal without messages tells its status at once.
                Accept(await Response.ConfigureAwait(false));
            }
            catch (Exception failure)
            {
                Fail(failure);
            }
        }
        return _outcome switch
        {
            null => new RpcException(WhyEnded() ?? new Status(StatusCode.Cancelled, "The server has ended the call; its status comes after its last message.", exception)),
            { Status.StatusCode: StatusCode.OK } => new InvalidOperationException("The server has ended the call.", exception),
            var outcome => outcome.ToException(),
        };
    }

    /// <summary>Refuses a response that does not speak gRPC. A response of headers alone is the call's outcome already.</summary>
    protected HttpResponseMessage Accept(HttpResponseMessage response)
    {
        if (ClientFailure.OfHttp(response) is { } status)
            throw new RpcException(status);
        if (response.Headers.NonValidated.Contains(WireFormat.StatusHeader))
            End(response.Headers);
        return response;
    }

    /// <summary>Takes the status from headers that end a response.</summary>
    /// <exception cref="RpcException">The status is not OK.</exception>
    protected void End(HttpResponseHeaders trailers)
    {
        var status = ClientFailure.OfTrailers(trailers, WhyEnded());
        if (status.StatusCode == StatusCode.OK && LacksMessage)
            status = new Status(StatusCode.Internal, "The call ended well but without a message.");
        var outcome = new Outcome(status, trailers);
        Interlocked.CompareExchange(ref _outcome, outcome, null);
        Release(byServer: true);
        ThrowUnlessOk();
    }

    protected void ThrowUnlessOk()
    {
        if (Ended.Status.StatusCode != StatusCode.OK)
            throw Ended.ToException();
    }

    /// <summary>Makes a failure the call's outcome, unless it has one, and gives the exception to throw.</summary>
    protected RpcException Fail(Exception exception)
    {
        var outcome = exception is RpcException rpc
            ? new Outcome(rpc.Status, rpc.Trailers)
            : new Outcome(ClientFailure.ToStatus(exception, WhyEnded()), Metadata.Empty);
        outcome = Interlocked.CompareExchange(ref _outcome, outcome, null) ?? outcome;
        Release(byServer: false);
        return outcome.ToException();
    }

    private async Task<Metadata> ReadHeadersAsync()
    {
        try
        {
            return Outcome.ToMetadata(Accept(await Response.ConfigureAwait(false)).Headers);
        }
        catch (Exception exception)
        {
            throw Fail(exception);
        }
    }

    private Status? WhyEnded()
    {
        if (_cancelledByCaller || _options.CancellationToken.IsCancellationRequested)
            return new Status(StatusCode.Cancelled, "The caller cancelled the call.");
        return _cancellation.IsCancellationRequested || _options.Deadline <= DateTime.UtcNow
            ? new Status(StatusCode.DeadlineExceeded, "The deadline passed.")
            : null;
    }

    private void CancelByCaller()
    {
        if (_outcome is not null)
            return;
        _cancelledByCaller = true;
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call has ended meanwhile.
        }
    }

    // Disposing of a response that was not read to its end resets its stream, which is how the server learns of it.
    private void Release(bool byServer)
    {
        if (Interlocked.Exchange(ref _released, 1) == 1)
            return;
        _cancellation.Dispose();
        (_content as IStreamedContent)?.End(asComplete: byServer);
        if (Response.IsCompletedSuccessfully)
            Response.Result.Dispose();
        else
            _ = DisposeOfLateResponseAsync();

        async Task DisposeOfLateResponseAsync()
        {
            await ((Task)Response).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Response.IsCompletedSuccessfully)
                Response.Result.Dispose();
        }
    }
}

/// <summary>A request that must be let go of when its call ends.</summary>
internal interface IStreamedContent
{
    /// <param name="asComplete">True closes the request as if it were complete, which a server that has ended the call can tell; false breaks it off.</param>
    void End(bool asComplete);
}
