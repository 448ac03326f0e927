using System.Text.Json;
using CroPlatform.Contracts.Flagd.V1;
using Grpc.Core;

namespace CroPlatform.Services.Assignment.Serve.Flagd;

/// <summary>flagd.evaluation.v1. It cannot leave a value out, so a flag without one is of no type: the error makes the client use its default.</summary>
internal sealed class FlagdV1(FlagdFlags flags, FlagdEvents events) : Service.ServiceBase
{
    public override async Task<ResolveBooleanResponse> ResolveBoolean(ResolveBooleanRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        return new ResolveBooleanResponse { Value = flag.Boolean, Variant = flag.Variant, Reason = flag.Reason, Metadata = flag.Metadata };
    }

    public override async Task<ResolveStringResponse> ResolveString(ResolveStringRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        return new ResolveStringResponse { Value = flag.String, Variant = flag.Variant, Reason = flag.Reason, Metadata = flag.Metadata };
    }

    public override async Task<ResolveFloatResponse> ResolveFloat(ResolveFloatRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        return new ResolveFloatResponse { Value = flag.Float, Variant = flag.Variant, Reason = flag.Reason, Metadata = flag.Metadata };
    }

    public override async Task<ResolveIntResponse> ResolveInt(ResolveIntRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        return new ResolveIntResponse { Value = flag.Int, Variant = flag.Variant, Reason = flag.Reason, Metadata = flag.Metadata };
    }

    public override async Task<ResolveObjectResponse> ResolveObject(ResolveObjectRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        return new ResolveObjectResponse { Value = flag.Object, Variant = flag.Variant, Reason = flag.Reason, Metadata = flag.Metadata };
    }

    public override async Task<ResolveAllResponse> ResolveAll(ResolveAllRequest request, ServerCallContext context)
    {
        var response = new ResolveAllResponse();
        foreach (var flag in await flags.ResolveAllAsync(request.Context))
        {
            if (Wire(flag) is { } any) response.Flags[flag.Flag] = any;
        }

        return response;
    }

    public override Task EventStream(EventStreamRequest request, IServerStreamWriter<EventStreamResponse> responseStream, ServerCallContext context) =>
        events.FollowAsync((type, data) => responseStream.WriteAsync(new EventStreamResponse { Type = type, Data = data }), context.CancellationToken);

    /// <summary>Null for an array and for no value, which the protocol has no field for.</summary>
    private static AnyFlag? Wire(in FlagdValue flag)
    {
        var any = new AnyFlag { Reason = flag.Reason, Variant = flag.Variant, Metadata = flag.Metadata };
        switch (flag.Kind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                any.BoolValue = flag.Boolean;
                return any;
            case JsonValueKind.String:
                any.StringValue = flag.String;
                return any;
            case JsonValueKind.Number:
                any.DoubleValue = flag.Float;
                return any;
            case JsonValueKind.Object:
                any.ObjectValue = flag.Object;
                return any;
            default:
                return null;
        }
    }
}
