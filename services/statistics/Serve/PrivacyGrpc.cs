using CroPlatform.Contracts.Privacy;
using CroPlatform.Experimentation;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Statistics.Store;
using Google.Protobuf;
using Grpc.Core;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>What statistics keeps about a person.</summary>
internal sealed class PrivacyGrpc(PersonSearch search, PrivacyStore store) : PrivacyService.PrivacyServiceBase
{
    private const int MostUnits = 20;

    public override async Task Export(ExportRequest request, IServerStreamWriter<ExportedItem> responseStream, ServerCallContext context)
    {
        if (request.Units.Count is 0 or > MostUnits) throw Invalid($"units: 1 to {MostUnits}");
        if (request.Units.Any(u => !UnitTypes.IsKnown(u.UnitType) || u.Unit.Length == 0)) throw Invalid("units: each has a unit_type (visitor, user, account or device) and a unit");
        var (site, ct) = (context.GetHttpContext().Grant().Site, context.CancellationToken);
        await foreach (var item in search.InLogAsync(site, request.Units, ct)) await WriteAsync("log", item);
        foreach (var unit in request.Units)
        {
            if (await store.FindAsync(site, unit, ct) is { } history) await WriteAsync("facts", ExportedEvent.Of(history));
        }

        await foreach (var item in search.InQuarantineAsync(site, request.Units, ct)) await WriteAsync("quarantine", item);

        Task WriteAsync(string source, byte[] json) => responseStream.WriteAsync(new ExportedItem { Source = source, Json = UnsafeByteOperations.UnsafeWrap(json) }, ct);
    }

    public override Task<ErasureState> GetErasure(GetErasureRequest request, ServerCallContext context) =>
        store.StateAsync(context.GetHttpContext().Grant().Site, request.Id, context.CancellationToken);

    private static RpcException Invalid(string message) => new(new Status(StatusCode.InvalidArgument, message));
}

internal static class PrivacyGrpcMapping
{
    public static void MapPrivacyGrpc(this IEndpointRouteBuilder app) => app.MapGrpcService<PrivacyGrpc>().RequirePerson(PersonRole.Admin);
}
