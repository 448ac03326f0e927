using Google.Protobuf;
using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Routing;
using Request = Grpc.Reflection.V1.ServerReflectionRequest.MessageRequestOneofCase;

namespace CroPlatform.Grpc;

/// <summary>What reflection says to one request.</summary>
internal sealed class ReflectionAnswers(EndpointDataSource endpoints)
{
    // Endpoints are complete once the first request comes.
    private readonly Lazy<DescriptorIndex> _index = new(() => new DescriptorIndex(endpoints));

    public ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case Request.ListServices:
                var services = _index.Value.Services.Select(name => new ServiceResponse { Name = name });
                response.ListServicesResponse = new ListServiceResponse { Service = { services } };
                break;
            case Request.FileByFilename:
                Files(response, _index.Value.FilesByName(request.FileByFilename), $"There is no file '{request.FileByFilename}'.");
                break;
            case Request.FileContainingSymbol:
                Files(response, _index.Value.FilesBySymbol(request.FileContainingSymbol), $"There is no symbol '{request.FileContainingSymbol}'.");
                break;
            // Extensions are of proto2, which no file here is written in.
            case Request.FileContainingExtension:
                Fail(response, StatusCode.NotFound, $"There is no extension of '{request.FileContainingExtension.ContainingType}'.");
                break;
            case Request.AllExtensionNumbersOfType:
                Fail(response, StatusCode.NotFound, $"There is no extension of '{request.AllExtensionNumbersOfType}'.");
                break;
            default:
                Fail(response, StatusCode.InvalidArgument, "message_request: nothing was asked.");
                break;
        }
        return response;
    }

    private static void Files(ServerReflectionResponse response, IEnumerable<ByteString>? files, string otherwise)
    {
        if (files is null)
            Fail(response, StatusCode.NotFound, otherwise);
        else
            response.FileDescriptorResponse = new FileDescriptorResponse { FileDescriptorProto = { files } };
    }

    private static void Fail(ServerReflectionResponse response, StatusCode code, string message) =>
        response.ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message };
}
