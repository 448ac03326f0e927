using System.ComponentModel.DataAnnotations;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Grpc;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Decide.PreFlight;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>Where statistics answers gRPC.</summary>
public sealed record StatisticsOptions
{
    public const string Section = "Services";

    [Required(ErrorMessage = "Services:Statistics must be set, say http://localhost:5004")]
    public string Statistics { get; init; } = "";
}

/// <summary>Gathers what a pre-flight looks at.</summary>
internal sealed partial class PreFlight(
    MetricStore metrics, ExperimentStore experiments, SavedGroupStore groups, GovernanceStore governance, IOptions<StatisticsOptions> options, TimeProvider clock, ILogger<PreFlight> logger)
    : IDisposable
{
    private const uint Days = 14;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly GrpcChannel _statistics = GrpcChannel.ForAddress(options.Value.Statistics);

    /// <param name="credential">The caller's own bearer.</param>
    public async Task<PreFlightReport> ReportAsync(string site, string credential, StoredExperiment experiment, CancellationToken ct)
    {
        var pinned = await metrics.FindAsync(site, [.. experiment.Definition.Metrics!.Select(m => m!.Key!)], ct);
        var traffic = await EstimateAsync(credential, experiment.Definition.Unit ?? UnitTypes.Visitor, [.. pinned.OfType<MetricRequest>()], ct);
        return PreFlightChecks.Report(new PreFlightInput(
            experiment, pinned, await experiments.ListAsync(site, ct), await groups.KeysAsync(site, ct), await governance.RulesAsync(site, ct), traffic, clock.GetUtcNow()));
    }

    public void Dispose() => _statistics.Dispose();

    private async Task<TrafficEstimate?> EstimateAsync(string credential, string unit, IReadOnlyList<MetricRequest> measured, CancellationToken ct)
    {
        var request = new EstimateTrafficRequest { Unit = unit, Days = Days };
        request.Metrics.AddRange(measured.Select(m => MetricMapping.ToWire(MetricDraft.ToMetric(m, null))));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            return await new StatisticsService.StatisticsServiceClient(_statistics.WithKey(credential)).EstimateTrafficAsync(request, cancellationToken: patience.Token);
        }
        catch (Exception e) when ((e is RpcException or OperationCanceledException) && !ct.IsCancellationRequested)
        {
            LogUnknown(e.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "traffic is not known: {Reason}")]
    private partial void LogUnknown(string reason);
}

internal static class PreFlightEndpoints
{
    public static void MapPreFlight(this IEndpointRouteBuilder app) => app.MapGet("/api/v1/experiments/{key}/pre-flight", async (
        string key, HttpContext context, ExperimentStore store, PreFlight preFlight, CancellationToken ct) =>
    {
        if (await store.FindAsync(context.Grant().Site, key, ct) is not { } experiment) return Answers.NotFound("experiment", key);
        return Results.Json(await preFlight.ReportAsync(context.Grant().Site, context.Bearer(), experiment, ct), JsonBody.Options);
    }).RequirePerson(PersonRole.Viewer);
}
