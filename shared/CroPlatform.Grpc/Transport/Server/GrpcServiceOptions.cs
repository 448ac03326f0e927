using System.IO.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>What holds for every gRPC service of the host.</summary>
public sealed class GrpcServiceOptions
{
    /// <summary>Largest request message in bytes; null lifts the limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Largest response message in bytes; null sets no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>True sends an unexpected exception's message to the client; for development only.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary>"gzip" compresses the responses to clients that accept it; null or "identity" does not.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>Null is the fastest.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    public InterceptorCollection Interceptors { get; } = [];
}
