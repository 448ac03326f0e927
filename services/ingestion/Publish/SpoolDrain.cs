using CroPlatform.Contracts.Events;
using CroPlatform.Files;
using CroPlatform.Kafka;
using CroPlatform.Services.Ingestion.Store;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Ingestion.Publish;

/// <summary>Brings what waits in the spool to the log, in order, and by that finds out when the log is back.</summary>
internal sealed partial class SpoolDrain(
    EventLog log, IOptions<SpoolOptions> options, IOptions<KafkaOptions> kafka, IngestionMetrics metrics, TimeProvider clock, ILogger<SpoolDrain> logger)
    : BackgroundService
{
    private const int MostBytes = 1 << 20;

    // A batch that the producer's queue does not hold would be refused for ever; half of it leaves room for what requests bring meanwhile.
    private readonly int _batchRecords = kafka.Value.QueueRecords / 2;
    private readonly int _batchBytes = (int)Math.Min(MostBytes, kafka.Value.QueueKib * 1_024L / 4);
    private readonly TimeSpan _pause = TimeSpan.FromMilliseconds(options.Value.RetryMs);
    private volatile bool _isLogAway;

    /// <summary>Null where none is configured.</summary>
    public EventSpool? Spool { get; } = Open(options.Value);

    /// <summary>The log did not acknowledge the last time; events need not wait to find that out again.</summary>
    public bool IsLogAway => _isLogAway;

    public void LogWentAway(string reason)
    {
        if (!_isLogAway) LogAway(reason);
        _isLogAway = true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Spool is not { } spool)
        {
            LogNoSpool();
            return;
        }

        metrics.ObserveSpool(() => spool.WaitingBytes);
        while (!stoppingToken.IsCancellationRequested)
        {
            if (!await TryDrainAsync(spool, stoppingToken)) await Task.Delay(_pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await spool.DisposeAsync();
    }

    /// <returns>False if there was nothing to do, or the log is still away.</returns>
    private async Task<bool> TryDrainAsync(EventSpool spool, CancellationToken ct)
    {
        var payloads = spool.Peek(_batchBytes, _batchRecords);
        if (payloads.Count == 0)
        {
            // Nothing is left to try the log with, so the next request does.
            _isLogAway = false;
            return false;
        }

        var (accepted, rejected) = (new List<Event>(payloads.Count), new List<RejectedEvent>());
        foreach (var payload in payloads) SpoolRecord.Read(payload, accepted, rejected);
        try
        {
            await log.WriteAsync(accepted, rejected);
        }
        catch (LogUnavailableException)
        {
            return false;
        }

        spool.Advance();
        if (_isLogAway) LogBack();
        _isLogAway = false;
        metrics.Drained(payloads.Count);
        return !ct.IsCancellationRequested;
    }

    private static EventSpool? Open(SpoolOptions options)
    {
        if (options.Folder.Length == 0) return null;
        var folder = Path.GetFullPath(options.Folder);
        Directory.CreateDirectory(folder);
        return new EventSpool(options with { Folder = folder }, new DiskFiles(), () => new DriveInfo(folder).AvailableFreeSpace);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the log does not acknowledge; events go to the spool: {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "the log is back; the spool drains")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Spool:Folder is not set: while the log is away, events are answered with 503")]
    private partial void LogNoSpool();
}
