using System.Net.Http.Headers;
using CroPlatform.Grpc.Wire;
using Grpc.Core;

namespace CroPlatform.Grpc.Client;

/// <summary>How a call ended. The trailers become metadata when someone asks for them.</summary>
internal sealed class Outcome(Status status, HttpResponseHeaders? received)
{
    private Metadata? _trailers;

    public Outcome(Status status, Metadata trailers)
        : this(status, (HttpResponseHeaders?)null) => _trailers = trailers;

    public Status Status => status;

    public Metadata Trailers => _trailers ??= received is null ? Metadata.Empty : ToMetadata(received);

    public RpcException ToException() => new(status, Trailers);

    public static Metadata ToMetadata(HttpResponseHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            if (WireFormat.IsReserved(name))
                continue;
            // What a server sent broken is left out: it must not hide the status beside it.
            foreach (var value in values)
                WireFormat.TryAddReceived(metadata, name, value);
        }
        return metadata;
    }
}
