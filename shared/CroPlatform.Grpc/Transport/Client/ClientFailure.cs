using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using CroPlatform.Grpc.Wire;
using Grpc.Core;

namespace CroPlatform.Grpc.Client;

/// <summary>Turns what came back, or did not, into a status, by the tables of "gRPC over HTTP2" and "HTTP to gRPC status code mapping".</summary>
internal static class ClientFailure
{
    /// <summary>Null for a response that speaks gRPC.</summary>
    public static Status? OfHttp(HttpResponseMessage response)
    {
        var contentType = response.Content.Headers.NonValidated.TryGetValues("content-type", out var values) ? values.ToString() : null;
        if (response.Headers.NonValidated.Contains(WireFormat.StatusHeader) || (response.StatusCode == HttpStatusCode.OK && WireFormat.IsGrpc(contentType)))
            return null;
        var code = response.StatusCode switch
        {
            HttpStatusCode.BadRequest => StatusCode.Internal,
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            HttpStatusCode.NotFound => StatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        };
        return new Status(code, $"The answer is not gRPC: HTTP {(int)response.StatusCode}, content type '{contentType}'.");
    }

    /// <summary>The status that trailers (or headers in their place) tell; without one, <paramref name="ended"/> or UNKNOWN.</summary>
    public static Status OfTrailers(HttpResponseHeaders trailers, Status? ended)
    {
        if (!trailers.NonValidated.TryGetValues(WireFormat.StatusHeader, out var code))
            return ended ?? new Status(StatusCode.Unknown, "The response ended without a grpc-status.");
        var detail = trailers.NonValidated.TryGetValues(WireFormat.MessageHeader, out var message) ? WireFormat.DecodeMessage(message.ToString()) : "";
        return int.TryParse(code.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && Enum.IsDefined((StatusCode)number)
            ? new Status((StatusCode)number, detail)
            : new Status(StatusCode.Unknown, $"grpc-status '{code}': {detail}");
    }

    /// <summary>The status of an exchange that broke; <paramref name="ended"/> where the caller or the deadline ended it.</summary>
    public static Status ToStatus(Exception exception, Status? ended)
    {
        if (ended is { } status)
            return status with { DebugException = exception };
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is HttpProtocolException protocol)
                return new Status(OfReset(protocol.ErrorCode), protocol.Message, exception);
        }
        var code = exception is HttpRequestException or IOException ? StatusCode.Unavailable : StatusCode.Internal;
        return new Status(code, exception.InnerException is { } cause ? $"{exception.Message} {cause.Message}" : exception.Message, exception);
    }

    // HTTP/2 error codes (RFC 9113, 7).
    private static StatusCode OfReset(long code) => code switch
    {
        0x7 => StatusCode.Unavailable,          // REFUSED_STREAM
        0x8 => StatusCode.Cancelled,            // CANCEL
        0xb => StatusCode.ResourceExhausted,    // ENHANCE_YOUR_CALM
        0xc => StatusCode.PermissionDenied,     // INADEQUATE_SECURITY
        0xd => StatusCode.Unknown,              // HTTP_1_1_REQUIRED
        _ => StatusCode.Internal,
    };
}
