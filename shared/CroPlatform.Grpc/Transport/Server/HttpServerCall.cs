using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using CroPlatform.Grpc.Wire;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace CroPlatform.Grpc.Server;

/// <summary>One call on the server: its HTTP exchange read and written as gRPC.</summary>
internal sealed class HttpServerCall(HttpContext http, IMethod method, GrpcServiceOptions options) : ServerCallContext, IDisposable
{
    private static readonly Status Late = new(StatusCode.DeadlineExceeded, "The deadline passed.");

    private readonly int _receiveLimit = options.MaxReceiveMessageSize ?? int.MaxValue;
    private readonly int _sendLimit = options.MaxSendMessageSize ?? int.MaxValue;
    private CompressionLevel? _compression;
    private DateTime _deadline = DateTime.MaxValue;
    private CancellationTokenSource? _timer;
    private Metadata? _requestHeaders;
    private Metadata? _trailers;
    private Dictionary<object, object>? _userState;

    public HttpContext HttpContext => http;

    public override string Method => method.FullName;

    public override string Host => http.Request.Host.Value ?? "";

    public override string Peer => http.Connection.RemoteIpAddress switch
    {
        null => "unknown",
        { AddressFamily: AddressFamily.InterNetworkV6 } address => $"ipv6:[{address}]:{http.Connection.RemotePort}",
        IPAddress address => $"ipv4:{address}:{http.Connection.RemotePort}",
    };

    public override DateTime Deadline => _deadline;

    public override Metadata RequestHeaders => _requestHeaders ??= ReadRequestHeaders();

    public override CancellationToken CancellationToken => _timer?.Token ?? http.RequestAborted;

    public override Metadata ResponseTrailers => _trailers ??= [];

    public override Status Status { get; set; } = Status.DefaultSuccess;

    public override WriteOptions? WriteOptions { get; set; }

    public override IDictionary<object, object> UserState => _userState ??= [];

    /// <summary>True once the deadline has passed; the client's going away does not count.</summary>
    private bool IsLate => _timer is { IsCancellationRequested: true } && !http.RequestAborted.IsCancellationRequested;

    /// <summary>Reads the deadline, settles the encoding and lifts HTTP limits that gRPC's own take the place of.</summary>
    public void Start()
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bodySize)
            bodySize.MaxRequestBodySize = null;
        if (method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming && http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (options.ResponseCompressionAlgorithm == WireFormat.Gzip)
            Compress(true);
        string? text = http.Request.Headers.GrpcTimeout;
        if (text is null)
            return;
        if (!WireFormat.TryParseTimeout(text, out var timeout))
            throw new RpcException(new Status(StatusCode.Internal, $"'{text}' is no grpc-timeout."));
        var now = DateTime.UtcNow;
        _deadline = timeout < DateTime.MaxValue - now ? now + timeout : DateTime.MaxValue;
        _timer = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        if (timeout <= WireFormat.LongestTimer)
            _timer.CancelAfter(timeout);
    }

    public ValueTask<T> ReadSingleAsync<T>(Marshaller<T> marshaller)
        where T : class =>
        MessageReader.ReadSingleAsync(http.Request.BodyReader, marshaller, _receiveLimit, http.Request.Headers.GrpcEncoding, TimerToken);

    public async ValueTask<T?> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        using var linked = Linked(ref cancellationToken);
        return await MessageReader.ReadAsync(http.Request.BodyReader, marshaller, _receiveLimit, http.Request.Headers.GrpcEncoding, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Puts a message into the response's buffer; unless flushed, it leaves with what follows or with the trailers.</summary>
    public async ValueTask WriteAsync<T>(Marshaller<T> marshaller, T? message, WriteFlags flags, bool flush, CancellationToken cancellationToken)
        where T : class
    {
        if (message is null)
            throw new RpcException(new Status(StatusCode.Internal, $"{method.FullName} gave no message."));
        if (!http.Response.HasStarted)
            await StartResponseAsync().ConfigureAwait(false);
        if (_compression is { } level && !flags.HasFlag(WriteFlags.NoCompress))
            http.Response.BodyWriter.Write(MessageCompression.Compress(MessageWriter.ToMemory(marshaller, message, _sendLimit), level).Span);
        else
            MessageWriter.Write(http.Response.BodyWriter, marshaller, message, _sendLimit);
        if (!flush)
            return;
        using var linked = Linked(ref cancellationToken);
        await http.Response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Buffers the one response of a call that is still in time; the trailers take it along.</summary>
    public ValueTask AnswerAsync<T>(Marshaller<T> marshaller, T? message)
        where T : class =>
        IsLate || Status.StatusCode != StatusCode.OK ? default : WriteAsync(marshaller, message, WriteOptions?.Flags ?? WriteFlags.None, flush: false, default);

    public override async Task WriteResponseHeadersAsync(Metadata responseHeaders)
    {
        if (http.Response.HasStarted)
            throw new InvalidOperationException("The response headers were sent before.");
        if (responseHeaders.Get(WireFormat.EncodingRequest) is not null)
            Compress(WireFormat.AsksForGzip(responseHeaders));
        Append(http.Response.Headers, responseHeaders);
        await StartResponseAsync().ConfigureAwait(false);
        await http.Response.BodyWriter.FlushAsync(CancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the response: with trailers where it has begun, else with headers alone ("Trailers-Only").</summary>
    public void Complete(Status status)
    {
        var response = http.Response;
        var target = response.HasStarted ? http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers : response.Headers;
        if (target is null)
            return;
        if (!response.HasStarted)
        {
            response.ContentType = WireFormat.ContentType;
            if (status.StatusCode == StatusCode.Unimplemented)
                response.Headers.GrpcAcceptEncoding = WireFormat.AcceptedEncodings;
        }
        if (_trailers is not null)
            Append(target, _trailers);
        target.GrpcStatus = WireFormat.StatusText(status.StatusCode);
        if (!string.IsNullOrEmpty(status.Detail))
            target.GrpcMessage = WireFormat.EncodeMessage(status.Detail);
    }

    /// <summary>The status of a method that returned: a late answer is no answer.</summary>
    public Status Outcome() => IsLate ? Late : Status;

    /// <summary>The status of a method that threw; what is not an <see cref="RpcException"/> is told to the log alone.</summary>
    public Status Outcome(Exception exception)
    {
        if (IsLate)
            return Late;
        if (exception is RpcException rpc)
        {
            foreach (var entry in rpc.Trailers)
                ResponseTrailers.Add(entry);
            return rpc.Status;
        }
        if (http.RequestAborted.IsCancellationRequested)
            return Status.DefaultCancelled;
        return new Status(
            StatusCode.Unknown, options.EnableDetailedErrors == true ? $"{exception.GetType().Name}: {exception.Message}" : "The method failed.", exception);
    }

    public void Dispose() => _timer?.Dispose();

    // Kestrel ends a read by itself when the client goes away; only the deadline is ours to watch.
    private CancellationToken TimerToken => _timer?.Token ?? default;

    // Makes the token one that the deadline cancels too. What is returned, if anything, is to be disposed of after the wait.
    private CancellationTokenSource? Linked(ref CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled || _timer is null || cancellationToken == _timer.Token)
        {
            cancellationToken = cancellationToken.CanBeCanceled ? cancellationToken : TimerToken;
            return null;
        }
        var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _timer.Token);
        cancellationToken = linked.Token;
        return linked;
    }

    private void Compress(bool wanted)
    {
        var compresses = wanted && WireFormat.AcceptsGzip(http.Request.Headers.GrpcAcceptEncoding);
        _compression = compresses ? options.ResponseCompressionLevel ?? MessageCompression.Default : null;
    }

    // Kestrel only marks the response as begun and writes its headers with what follows.
    private Task StartResponseAsync()
    {
        http.Response.ContentType = WireFormat.ContentType;
        if (_compression is not null)
            http.Response.Headers.GrpcEncoding = WireFormat.Gzip;
        return http.Response.StartAsync();
    }

    private Metadata ReadRequestHeaders()
    {
        var metadata = new Metadata();
        foreach (var (name, values) in http.Request.Headers)
        {
            if (WireFormat.IsReserved(name))
                continue;
            foreach (var value in values)
            {
                if (!WireFormat.TryAddReceived(metadata, name, value ?? ""))
                    throw new RpcException(new Status(StatusCode.Internal, $"The header '{name}' is not base64."));
            }
        }
        return metadata;
    }

    private static void Append(IHeaderDictionary headers, Metadata metadata)
    {
        foreach (var entry in metadata)
        {
            if (!WireFormat.IsReserved(entry.Key))
                headers.Append(entry.Key, WireFormat.HeaderValue(entry));
        }
    }
}
