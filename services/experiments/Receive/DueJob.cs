using CroPlatform.Services.Experiments.Store;
using Dapper;
using Npgsql;
using Quartz;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>
/// Carries out what plans want done by now, by the platform's clock. One process of the cluster does it at a time; what came due while none ran
/// is done at once. A start that is refused sends the experiment back to its author with the reason; an end that is refused is tried again.
/// </summary>
internal sealed partial class DueJob(
    NpgsqlDataSource source, ExperimentStore experiments, LifeCycleCommands commands, TimeProvider clock, ILogger<DueJob> logger) : IJob
{
    private const string Actor = "system:schedule";
    private const long Lock = 0x63726f2d647565; // "cro-due"
    private static readonly TimeSpan Retry = TimeSpan.FromMinutes(1);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogTrouble(e.Message);
        }
    }

    private async Task RunAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        if (!await db.ExecuteScalarAsync<bool>("select pg_try_advisory_xact_lock(@Lock)", new { Lock }, transaction)) return;
        foreach (var (site, key) in await experiments.DueAsync(clock.GetUtcNow(), ct)) await ActAsync(new Caller(site, Actor), key, ct);
        await IdempotencyKeys.ForgetAsync(source, clock.GetUtcNow(), ct);
    }

    private async Task ActAsync(Caller caller, string key, CancellationToken ct)
    {
        if (await experiments.FindAsync(caller.Site, key, ct) is not { Plan: { } plan } experiment) return;
        if (experiment.Status == "scheduled")
        {
            var refusal = plan.EndAt <= clock.GetUtcNow()
                ? "its end had come before it could start"
                : (await commands.StartAsync(caller, key, "planned", ct)).Problem is { Code: not "not_published_yet" } problem ? problem.Message : null;
            if (refusal is null) return;
            LogRefused(caller.Site, key, "start", refusal);
            await commands.WithdrawAsync(caller, key, $"could not start as planned: {refusal}", ct);
        }
        else if ((await commands.StopAsync(caller, key, "planned", ct)).Problem is { Code: not "not_published_yet" } problem)
        {
            LogRefused(caller.Site, key, "stop", problem.Message);
            await experiments.PostponeAsync(caller.Site, key, clock.GetUtcNow() + Retry, ct);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Site}/{Experiment} cannot {Command} as planned: {Reason}")]
    private partial void LogRefused(string site, string experiment, string command, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "plans wait: {Reason}")]
    private partial void LogTrouble(string reason);
}
