using System.Text.Json;
using CroPlatform.Contracts.Flagd.V2;
using Grpc.Core;

namespace CroPlatform.Services.Assignment.Serve.Flagd;

/// <summary>flagd.evaluation.v2: where the caller's default holds, value and variant are absent.</summary>
internal sealed class FlagdV2(FlagdFlags flags, FlagdEvents events) : Service.ServiceBase
{
    public override async Task<ResolveBooleanResponse> ResolveBoolean(ResolveBooleanRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        var response = new ResolveBooleanResponse { Reason = flag.Reason, Metadata = flag.Metadata };
        if (flag.IsPresent) (response.Value, response.Variant) = (flag.Boolean, flag.Variant);
        return response;
    }

    public override async Task<ResolveStringResponse> ResolveString(ResolveStringRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        var response = new ResolveStringResponse { Reason = flag.Reason, Metadata = flag.Metadata };
        if (flag.IsPresent) (response.Value, response.Variant) = (flag.String, flag.Variant);
        return response;
    }

    public override async Task<ResolveFloatResponse> ResolveFloat(ResolveFloatRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        var response = new ResolveFloatResponse { Reason = flag.Reason, Metadata = flag.Metadata };
        if (flag.IsPresent) (response.Value, response.Variant) = (flag.Float, flag.Variant);
        return response;
    }

    public override async Task<ResolveIntResponse> ResolveInt(ResolveIntRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        var response = new ResolveIntResponse { Reason = flag.Reason, Metadata = flag.Metadata };
        if (flag.IsPresent) (response.Value, response.Variant) = (flag.Int, flag.Variant);
        return response;
    }

    public override async Task<ResolveObjectResponse> ResolveObject(ResolveObjectRequest request, ServerCallContext context)
    {
        var flag = await flags.ResolveAsync(request.FlagKey, request.Context);
        var response = new ResolveObjectResponse { Reason = flag.Reason, Metadata = flag.Metadata };
        if (flag.IsPresent) (response.Value, response.Variant) = (flag.Object, flag.Variant);
        return response;
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

    /// <summary>Null for an array, which the protocol has no field for.</summary>
    private static AnyFlag? Wire(in FlagdValue flag)
    {
        var any = new AnyFlag { Reason = flag.Reason, Metadata = flag.Metadata };
        if (!flag.IsPresent) return any;
        any.Variant = flag.Variant;
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
