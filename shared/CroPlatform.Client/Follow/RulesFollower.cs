using CroPlatform.Contracts;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Experimentation.Evaluation;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Client.Follow;

/// <summary>
/// Keeps the site's rules up with the assignment service's stream, and in the bootstrap file. Readers take <see cref="Current"/>, one immutable
/// snapshot; a reconnection builds a new one aside and swaps it whole.
/// </summary>
internal sealed partial class RulesFollower(
    AssignmentService.AssignmentServiceClient service, IOptions<CroClientOptions> options, TimeProvider clock, ILogger<RulesFollower> logger) : BackgroundService
{
    // The service says something every few seconds; silence for longer than this is a connection that is gone.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly BootstrapFile? _bootstrap = options.Value.BootstrapFile is { Length: > 0 } path ? new BootstrapFile(path) : null;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile SiteRules _current = SiteRules.Empty;
    private long _heardAt = DateTimeOffset.MinValue.UtcTicks;

    public SiteRules Current => _current;

    /// <summary>Done once there is a configuration, be it from the service or from the file.</summary>
    public Task Ready => _ready.Task;

    /// <summary>How long ago the service confirmed the configuration; <see cref="TimeSpan.MaxValue"/>: never.</summary>
    public TimeSpan Staleness => Interlocked.Read(ref _heardAt) is var heard && heard == DateTimeOffset.MinValue.UtcTicks
        ? TimeSpan.MaxValue
        : TimeSpan.FromTicks(Math.Max(0, clock.GetUtcNow().UtcTicks - heard));

    public bool IsStale => Staleness > options.Value.MaxStaleness;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Restore();
        var pause = TimeSpan.FromMilliseconds(200);
        while (!stoppingToken.IsCancellationRequested)
        {
            var before = _current;
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException or HttpRequestException or IOException)
            {
                if (stoppingToken.IsCancellationRequested) return;
                LogAway(e.Message);
            }

            pause = ReferenceEquals(before, _current) ? pause * 2 : TimeSpan.FromMilliseconds(200);
            if (pause > LongestPause) pause = LongestPause;
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(CancellationToken stop)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
        silence.CancelAfter(LongestSilence);
        using var call = service.Watch(new WatchRequest(), cancellationToken: silence.Token);
        var standing = new Dictionary<string, WatchReply>();
        var (building, isComplete) = (SiteRules.Empty, false);
        while (await call.ResponseStream.MoveNext(silence.Token))
        {
            silence.CancelAfter(LongestSilence);
            var change = call.ResponseStream.Current;
            isComplete |= change.ChangeCase == WatchReply.ChangeOneofCase.Complete;
            building = Apply(building, change, standing);
            if (!isComplete) continue;
            _current = building;
            Interlocked.Exchange(ref _heardAt, clock.GetUtcNow().UtcTicks);
            if (change.ChangeCase == WatchReply.ChangeOneofCase.Alive) _bootstrap?.Confirm();
            else _bootstrap?.Save(standing.Values);
            _ready.TrySetResult();
        }
    }

    private SiteRules Apply(SiteRules rules, WatchReply change, Dictionary<string, WatchReply> standing)
    {
        try
        {
            switch (change.ChangeCase)
            {
                case WatchReply.ChangeOneofCase.Experiment:
                    standing[$"experiment|{change.Experiment.Key}"] = change;
                    return rules.With(change.Experiment.ToModel());
                case WatchReply.ChangeOneofCase.Group:
                    standing[$"group|{change.Group.Key}"] = change;
                    return rules.With(change.Group.ToModel());
                default:
                    return rules;
            }
        }
        catch (FormatException e)
        {
            // One experiment that this version of the client cannot read must not take the others away.
            LogUnreadable(e.Message);
            return rules;
        }
    }

    private void Restore()
    {
        if (_bootstrap?.Load() is not { } saved) return;
        var standing = new Dictionary<string, WatchReply>();
        _current = saved.Changes.Aggregate(SiteRules.Empty, (rules, change) => Apply(rules, change, standing));
        Interlocked.Exchange(ref _heardAt, saved.ConfirmedAt.UtcTicks);
        _ready.TrySetResult();
        LogRestored(saved.Changes.Count, saved.ConfirmedAt);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the assignment service is away, decisions go on with what is known: {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "left out of the configuration: {Reason}")]
    private partial void LogUnreadable(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} definitions from the bootstrap file, confirmed at {ConfirmedAt}")]
    private partial void LogRestored(int count, DateTimeOffset confirmedAt);
}
