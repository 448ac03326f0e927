using CroPlatform.Redis;
using CroPlatform.ServiceDefaults.Keys;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.People;

/// <summary>Brings what all services noted of their keys' last use, through Redis, to the table: every minute, and when somebody asks.</summary>
internal sealed partial class KeyUseCollector(RedisCache redis, KeyUse own, KeyStore keys, ILogger<KeyUseCollector> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private const long GrainMs = 1_000;

    private long _collectedAt;

    /// <summary>Collects, unless that was done within the last second.</summary>
    public async Task CollectAsync(CancellationToken ct)
    {
        var (now, last) = (Environment.TickCount64, Interlocked.Read(ref _collectedAt));
        if (now - last < GrainMs || Interlocked.CompareExchange(ref _collectedAt, now, last) != last) return;
        var fields = (await redis.ReadReportAsync(KeyUse.Report)).Concat(own.Drain());
        List<(string, string, DateTimeOffset)> uses = [];
        foreach (var (name, value) in fields)
        {
            if (KeyUse.Parse(name, value) is { } use) uses.Add(use);
        }

        await keys.NoteUseAsync(uses, ct);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await CollectAsync(stoppingToken);
            }
            catch (NpgsqlException e)
            {
                LogLater(e.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the last use of keys is stored later: {Reason}")]
    private partial void LogLater(string reason);
}
