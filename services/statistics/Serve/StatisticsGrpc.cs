using CroPlatform.Contracts;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Publish;
using CroPlatform.Services.Statistics.Store;
using Grpc.Core;
using ExperimentResults = CroPlatform.Contracts.Statistics.ExperimentResults;

namespace CroPlatform.Services.Statistics.Serve;

internal sealed class StatisticsGrpc(
    CatalogReader catalog, NumbersReader numbers, LookStore looks, CapStore caps, InteractionStore interactions, LiveReader live, TrafficSample sample,
    IHostApplicationLifetime lifetime, TimeProvider clock) : StatisticsService.StatisticsServiceBase
{
    private const int MostDays = 14;
    private const int MostMetrics = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public override async Task<ExperimentResults> GetResults(GetResultsRequest request, ServerCallContext context)
    {
        var site = context.GetHttpContext().Grant().Site;
        if (await StartedExperiments.FindAsync(catalog, site, request.Experiment, context.CancellationToken) is not { } experiment)
        {
            throw new RpcException(new Status(StatusCode.NotFound, $"experiment: there is no experiment '{request.Experiment}' that was started"));
        }

        var stood = await numbers.ReadAsync(experiment, context.CancellationToken);
        var results = Analyst.Analyse(
            experiment, stood, await looks.ReadAsync(experiment, context.CancellationToken), clock.GetUtcNow(), await interactions.WarningsAsync(experiment, context.CancellationToken));
        return ResultsPublisher.Wire(experiment, results, await caps.ReadAsync(experiment, context.CancellationToken));
    }

    public override async Task WatchLive(WatchLiveRequest request, IServerStreamWriter<LiveCounters> responseStream, ServerCallContext context)
    {
        var site = context.GetHttpContext().Grant().Site;
        var sent = new Dictionary<string, LiveCounters>();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                foreach (var counters in await live.ReadAsync(site, ending.Token))
                {
                    if (sent.TryGetValue(counters.Experiment, out var last) && last.Variants.Equals(counters.Variants)) continue;
                    sent[counters.Experiment] = counters;
                    await responseStream.WriteAsync(counters, ending.Token);
                }
            }
            while (await timer.WaitForNextTickAsync(ending.Token));
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Watchers must not hold up a host that stops.
            throw new RpcException(new Status(StatusCode.Unavailable, "the server is stopping"));
        }
    }

    public override async Task<TrafficEstimate> EstimateTraffic(EstimateTrafficRequest request, ServerCallContext context)
    {
        if (!UnitTypes.IsKnown(request.Unit)) throw Invalid("unit: must be visitor, user, account or device");
        if (request.Days is < 1 or > MostDays) throw Invalid($"days: must lie between 1 and {MostDays}");
        if (request.Metrics.Count > MostMetrics) throw Invalid($"metrics: at most {MostMetrics}");
        var (site, now) = (context.GetHttpContext().Grant().Site, clock.GetUtcNow());
        var since = now.AddDays(-request.Days).ToUnixTimeMilliseconds();
        var estimation = new TrafficEstimation([.. request.Metrics.Select(MetricMapping.ToModel)], since, now.ToUnixTimeMilliseconds());
        var scale = await sample.ScaleAsync(site, request.Unit, since, context.CancellationToken);
        await foreach (var unit in sample.ReadAsync(site, request.Unit, since, scale, context.CancellationToken)) estimation.Take(unit);
        var figures = estimation.Figures(scale);
        var estimate = new TrafficEstimate { Units = figures.Units, Days = figures.Days, SampledUnits = figures.Sampled };
        estimate.Metrics.AddRange(figures.Metrics.Select(m => new MetricBaseline
        {
            Key = m.Key,
            N = m.N,
            Mean = m.Mean,
            StandardDeviation = m.StandardDeviation,
            Missing = m.Missing ?? "",
        }));
        return estimate;
    }

    private static RpcException Invalid(string message) => new(new Status(StatusCode.InvalidArgument, message));
}

internal static class StatisticsGrpcMapping
{
    public static void MapStatisticsGrpc(this IEndpointRouteBuilder app) => app.MapGrpcService<StatisticsGrpc>().RequirePerson(PersonRole.Viewer);
}
