using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using CroPlatform.Contracts.Privacy;
using CroPlatform.Grpc;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Store;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Serve.Privacy;

/// <summary>Where assignment answers gRPC.</summary>
public sealed record AssignmentAddress
{
    public const string Section = "Services";

    [Required(ErrorMessage = "Services:Assignment must be set, say http://localhost:5006")]
    public string Assignment { get; init; } = "";
}

/// <summary>Whether an erasure is carried out everywhere, and what of.</summary>
/// <param name="Status"><c>running</c> or <c>done</c>.</param>
/// <param name="Erased">How many units, facts, quarantined records and kept assignments.</param>
/// <param name="RestatedExperiments">Those whose results are others since.</param>
/// <param name="WaitingFor">Services that have not carried it out, or do not answer.</param>
internal sealed record ErasureReceipt(
    string Id, DateTimeOffset RequestedAt, string RequestedBy, IReadOnlyList<ErasedUnitView> Units, string Status,
    IReadOnlyDictionary<string, long> Erased, IReadOnlyList<string> RestatedExperiments, IReadOnlyList<string> WaitingFor);

/// <summary>The services that keep something about people, asked with the caller's own credential.</summary>
internal sealed class PrivacyPeers(IOptions<StatisticsOptions> statistics, IOptions<AssignmentAddress> assignment) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly (string Name, GrpcChannel Channel)[] _peers =
    [
        ("statistics", GrpcChannel.ForAddress(statistics.Value.Statistics)),
        ("assignment", GrpcChannel.ForAddress(assignment.Value.Assignment)),
    ];

    public async Task<ErasureReceipt> ReceiptAsync(HttpContext context, ErasureRow row, CancellationToken ct)
    {
        var (erased, restated, waiting) = (new SortedDictionary<string, long>(StringComparer.Ordinal), new List<string>(), new List<string>());
        foreach (var (name, channel) in _peers)
        {
            try
            {
                var state = await ClientOf(context, channel).GetErasureAsync(
                    new GetErasureRequest { Id = row.Id }, deadline: DateTime.UtcNow + Patience, cancellationToken: ct);
                if (!state.Done) waiting.Add(name);
                foreach (var (kind, count) in state.Erased) erased[kind] = count;
                restated.AddRange(state.Experiments);
            }
            catch (RpcException) when (!ct.IsCancellationRequested)
            {
                waiting.Add(name);
            }
        }

        return new ErasureReceipt(row.Id, row.RequestedAt, row.RequestedBy, row.Units, waiting.Count == 0 ? "done" : "running", erased, restated, waiting);
    }

    /// <summary>Writes what all of them keep as one JSON document, as it comes: its length does not matter.</summary>
    public async Task ExportAsync(HttpContext context, IReadOnlyList<PersonUnit> units, CancellationToken ct)
    {
        var response = context.Response;
        var between = "{\"items\":[";
        try
        {
            await foreach (var item in ItemsAsync(context, new ExportRequest { Units = { units } }, ct))
            {
                if (!response.HasStarted) response.ContentType = "application/json; charset=utf-8";
                await response.WriteAsync($"{between}{{\"source\":\"{item.Source}\",\"data\":", ct);
                await response.Body.WriteAsync(item.Json.Memory, ct);
                between = "},";
            }

            if (!response.HasStarted) response.ContentType = "application/json; charset=utf-8";
            await response.WriteAsync(between == "}," ? "}]}" : between + "]}", ct);
        }
        catch (RpcException e) when (!response.HasStarted && !ct.IsCancellationRequested)
        {
            await Problem.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, "unavailable", null, $"not every service answers, so the export would not be whole: {e.Status.Detail}");
        }
    }

    private async IAsyncEnumerable<ExportedItem> ItemsAsync(HttpContext context, ExportRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var (_, channel) in _peers)
        {
            using var call = ClientOf(context, channel).Export(request, cancellationToken: ct);
            await foreach (var item in call.ResponseStream.ReadAllAsync(ct)) yield return item;
        }
    }

    public void Dispose()
    {
        foreach (var (_, channel) in _peers) channel.Dispose();
    }

    private static PrivacyService.PrivacyServiceClient ClientOf(HttpContext context, GrpcChannel channel) =>
        new(channel.WithKey(context.Bearer()));
}
