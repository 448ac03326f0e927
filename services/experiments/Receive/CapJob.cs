using CroPlatform.Kafka;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Decide.Life;
using Npgsql;
using Quartz;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Publishes percentile caps that statistics has frozen. Who comes second finds nothing open any more.</summary>
internal sealed partial class CapJob(CatalogReader catalog, ResultsReader results, ExperimentChanges changes, ILogger<CapJob> logger) : IJob
{
    private const string Actor = "system:statistics";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        foreach (var live in catalog.Current.Experiments.Select(v => v.Current).OfType<Experimentation.Experiment>().Where(e => e.Metrics.Any(m => m.IsCapOpen)))
        {
            if (results.Find(live.Site, live.Key) is not { } latest || CapFreezing.Open(live, latest.FrozenCaps) is not { Count: > 0 } caps) continue;
            try
            {
                var outcome = await changes.ApplyAsync(
                    new Caller(live.Site, Actor), live.Key, nameof(FreezeCaps), CapFreezing.Reason(live, caps), c => Task.FromResult(Prepare(c, latest.FrozenCaps)), cancellationToken);
                if (outcome.Problem is { } problem) LogWait(live.Site, live.Key, problem.Message);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                LogWait(live.Site, live.Key, e.Message);
            }
        }
    }

    private static Prepared Prepare(Changing changing, IEnumerable<Contracts.Statistics.FrozenCap> found)
    {
        var live = changing.Life.Version!;
        return CapFreezing.Open(live, found) is { Count: > 0 } caps
            ? new FreezeCaps(changing.Life, CapFreezing.Apply(live, caps, changing.Life.NowMs))
            : new Check.FieldProblem("conflict", null, "these caps have been frozen, or the metrics have changed");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Site}/{Experiment}: freezing caps waits: {Reason}")]
    private partial void LogWait(string site, string experiment, string reason);
}
