using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Kafka;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Publish;

/// <summary>
/// Brings the outbox to cro.experiments.v1, in order, at least once; records are whole states, so a second copy changes nothing. A topic
/// made anew is filled from the beginning. Topics that are missing, on a new cluster, are made first.
/// </summary>
internal sealed partial class Publisher(NpgsqlDataSource source, RecordProducer producer, Cluster cluster, ILogger<Publisher> logger) : BackgroundService
{
    private const int Page = 500;
    private static readonly Topic Topic = Topics.All.Single(t => t.Name == Topics.Experiments);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _work = new(0);
    private readonly Lock _lock = new();
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _publishedTo = -1;
    private bool _topicsExist;

    /// <summary>Why publishing does not work now, or null.</summary>
    public string? Trouble { get; private set; } = "nothing was published yet";

    /// <summary>Waits until this record of the outbox is on the topic; false if that takes too long. It will be there in time all the same.</summary>
    public async Task<bool> PublishedAsync(long id, CancellationToken ct)
    {
        _work.Release();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        while (true)
        {
            Task progress;
            lock (_lock)
            {
                if (_publishedTo >= id) return true;
                progress = _progress.Task;
            }

            try
            {
                await progress.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await PublishAsync(stoppingToken);
                Trouble = null;
            }
            catch (Exception e) when (e is KafkaException or LogUnavailableException or NpgsqlException or InvalidOperationException)
            {
                Trouble = e.Message;
                LogTrouble(e.Message);
            }

            await _work.WaitAsync(Interval, stoppingToken);
        }
    }

    private async Task PublishAsync(CancellationToken ct)
    {
        if (!_topicsExist) await cluster.CreateMissingAsync(Topics.All);
        _topicsExist = true;
        var logId = await cluster.LogIdAsync(Topic);
        await using var db = await source.OpenConnectionAsync(ct);
        while (true)
        {
            // The row lock keeps replicas from publishing at the same time, and a version from overtaking another.
            await using var transaction = await db.BeginTransactionAsync(ct);
            var (log, to) = await db.QuerySingleAsync<(string, long)>("select log_id, published_to from publisher for update", transaction: transaction);
            if (log != logId)
            {
                if (log.Length > 0) LogNewLog(Topic.Name);
                to = 0;
            }

            var rows = (await db.QueryAsync<(long Id, string Key, byte[] Record)>(
                "select id, record_key, record from publications where id > @to order by id limit @Page", new { to, Page }, transaction)).AsList();
            await producer.ProduceAsync(
                Topics.Experiments, rows.ConvertAll(r => new Outgoing(r.Key, ConfigurationRecord.Parser.ParseFrom(r.Record))), ct);
            if (rows.Count > 0) to = rows[^1].Id;
            await db.ExecuteAsync("update publisher set log_id = @logId, published_to = @to", new { logId, to }, transaction);
            await transaction.CommitAsync(ct);
            Passed(to);
            if (rows.Count < Page) return;
        }
    }

    private void Passed(long to)
    {
        TaskCompletionSource progress;
        lock (_lock)
        {
            _publishedTo = to;
            progress = _progress;
            _progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        progress.TrySetResult();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "publishing waits: {Reason}")]
    private partial void LogTrouble(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} is a new log; publishing everything again")]
    private partial void LogNewLog(string topic);
}
