using CroPlatform.Contracts.Statistics;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Publish;
using CroPlatform.Services.Statistics.Store;
using Grpc.Core;
using ExperimentResults = CroPlatform.Contracts.Statistics.ExperimentResults;

namespace CroPlatform.Services.Statistics.Serve;

internal sealed class StatisticsGrpc(CatalogReader catalog, NumbersReader numbers, LookStore looks, LiveReader live, TimeProvider clock) : StatisticsService.StatisticsServiceBase
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public override async Task<ExperimentResults> GetResults(GetResultsRequest request, ServerCallContext context)
    {
        var site = context.GetHttpContext().Grant().Site;
        if (await StartedExperiments.FindAsync(catalog, site, request.Experiment, context.CancellationToken) is not { } experiment)
        {
            throw new RpcException(new Status(StatusCode.NotFound, $"experiment: there is no experiment '{request.Experiment}' that was started"));
        }

        var stood = await numbers.ReadAsync(experiment, context.CancellationToken);
        return ResultsPublisher.Wire(site, Analyst.Analyse(experiment, stood, await looks.ReadAsync(experiment, context.CancellationToken), clock.GetUtcNow()));
    }

    public override async Task WatchLive(WatchLiveRequest request, IServerStreamWriter<LiveCounters> responseStream, ServerCallContext context)
    {
        var site = context.GetHttpContext().Grant().Site;
        var sent = new Dictionary<string, LiveCounters>();
        using var timer = new PeriodicTimer(Interval);
        do
        {
            foreach (var counters in await live.ReadAsync(site, context.CancellationToken))
            {
                if (sent.TryGetValue(counters.Experiment, out var last) && last.Variants.Equals(counters.Variants)) continue;
                sent[counters.Experiment] = counters;
                await responseStream.WriteAsync(counters, context.CancellationToken);
            }
        }
        while (await timer.WaitForNextTickAsync(context.CancellationToken));
    }
}

internal static class StatisticsGrpcMapping
{
    public static void MapStatisticsGrpc(this IEndpointRouteBuilder app) => app.MapGrpcService<StatisticsGrpc>().RequirePerson(PersonRole.Viewer);
}
