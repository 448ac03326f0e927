using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using CroPlatform.Grpc.Wire;
using Grpc.Core;
using Grpc.Net.Client;

namespace CroPlatform.Grpc.Client;

/// <summary>The response side of a call: its one message, or its messages one by one.</summary>
internal sealed class ClientCall<TResponse>(GrpcChannel channel, Marshaller<TResponse> marshaller, CallOptions options)
    : ClientCall(channel, options), IAsyncStreamReader<TResponse>
    where TResponse : class
{
    private readonly int _receiveLimit = channel.ReceiveLimit;
    private HttpResponseMessage? _opened;
    private PipeReader? _body;
    private string? _encoding;
    private TResponse? _current;

    public TResponse Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext comes first, and must say true.");

    public async Task<TResponse> ReadSingleAsync()
    {
        LacksMessage = true;
        try
        {
            var message = await ReadAsync().ConfigureAwait(false);
            LacksMessage = false;
            if (await ReadAsync().ConfigureAwait(false) is not null)
                throw new RpcException(new Status(StatusCode.Internal, "More than one message came where one is allowed."));
            return message!;
        }
        catch (Exception exception)
        {
            throw Fail(exception);
        }
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        // As everywhere in gRPC, giving up on a message gives up on the call.
        using var registration = cancellationToken.UnsafeRegister(static call => Cancel(call!), this);
        try
        {
            return (_current = await ReadAsync().ConfigureAwait(false)) is not null;
        }
        catch (Exception exception)
        {
            _current = null;
            throw Fail(exception);
        }
    }

    // The next message; null when the call has ended with OK.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<TResponse?> ReadAsync()
    {
        _opened ??= Accept(await Response.ConfigureAwait(false));
        if (HasEnded)
        {
            ThrowUnlessOk();
            return null;
        }
        if (_body is null)
        {
            _encoding = _opened.Headers.NonValidated.TryGetValues(WireFormat.Encoding, out var encoding) ? encoding.ToString() : null;
            _body = PipeReader.Create(await _opened.Content.ReadAsStreamAsync(Cancellation).ConfigureAwait(false));
        }
        var message = await MessageReader.ReadAsync(_body, marshaller, _receiveLimit, _encoding, Cancellation).ConfigureAwait(false);
        if (message is null)
            End(_opened.TrailingHeaders);
        return message;
    }
}
