using Google.Protobuf;
using Grpc.Core;
using Grpc.Reflection.V1Alpha;
using Microsoft.Extensions.Hosting;
using V1 = Grpc.Reflection.V1;

namespace CroPlatform.Grpc;

/// <summary>grpc.reflection.v1alpha: its messages have the bytes of v1's, so each is answered as if it were one.</summary>
internal sealed class ReflectionV1AlphaService(ReflectionAnswers answers, IHostApplicationLifetime lifetime) : ServerReflection.ServerReflectionBase
{
    private readonly ReflectionService _v1 = new(answers, lifetime);

    public override Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context) =>
        _v1.ServerReflectionInfo(new Requests(requestStream), new Responses(responseStream), context);

    private sealed class Requests(IAsyncStreamReader<ServerReflectionRequest> alpha) : IAsyncStreamReader<V1.ServerReflectionRequest>
    {
        public V1.ServerReflectionRequest Current => V1.ServerReflectionRequest.Parser.ParseFrom(alpha.Current.ToByteString());

        public Task<bool> MoveNext(CancellationToken cancellationToken) => alpha.MoveNext(cancellationToken);
    }

    private sealed class Responses(IServerStreamWriter<ServerReflectionResponse> alpha) : IServerStreamWriter<V1.ServerReflectionResponse>
    {
        public WriteOptions? WriteOptions
        {
            get => alpha.WriteOptions;
            set => alpha.WriteOptions = value;
        }

        public Task WriteAsync(V1.ServerReflectionResponse message) => WriteAsync(message, CancellationToken.None);

        public Task WriteAsync(V1.ServerReflectionResponse message, CancellationToken cancellationToken) =>
            alpha.WriteAsync(ServerReflectionResponse.Parser.ParseFrom(message.ToByteString()), cancellationToken);
    }
}
