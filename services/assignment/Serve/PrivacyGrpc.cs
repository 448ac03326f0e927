using System.Text.Json;
using CroPlatform.Contracts.Privacy;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Assignment.Store;
using Google.Protobuf;
using Grpc.Core;

namespace CroPlatform.Services.Assignment.Serve;

/// <summary>What assignment keeps about a person: variants of sticky experiments.</summary>
internal sealed class PrivacyGrpc(StickyStore store, StickyErasure erasure) : PrivacyService.PrivacyServiceBase
{
    public override async Task Export(ExportRequest request, IServerStreamWriter<ExportedItem> responseStream, ServerCallContext context)
    {
        var site = context.GetHttpContext().Grant().Site;
        foreach (var unit in request.Units)
        {
            foreach (var kept in await store.AllAsync(new StickyUnit(site, unit.UnitType, unit.Unit)))
            {
                await responseStream.WriteAsync(new ExportedItem { Source = "assignments", Json = UnsafeByteOperations.UnsafeWrap(Json(unit, kept)) }, context.CancellationToken);
            }
        }
    }

    public override async Task<ErasureState> GetErasure(GetErasureRequest request, ServerCallContext context)
    {
        var assignments = await erasure.CarriedOutAsync(context.GetHttpContext().Grant().Site, request.Id, context.CancellationToken);
        var state = new ErasureState { Done = assignments is not null };
        state.Erased.Add("assignments", assignments ?? 0);
        return state;
    }

    private static byte[] Json(PersonUnit unit, StickyBucket kept) => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>
    {
        ["unit_type"] = unit.UnitType,
        ["unit"] = unit.Unit,
        ["experiment"] = kept.Experiment,
        ["variant"] = kept.Variant,
    });
}

internal static class PrivacyGrpcMapping
{
    public static void MapPrivacyGrpc(this IEndpointRouteBuilder app) => app.MapGrpcService<PrivacyGrpc>().RequirePerson(PersonRole.Admin);
}
