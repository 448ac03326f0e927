using CroPlatform.Services.Experiments.Store.Webhooks;
using Npgsql;

namespace CroPlatform.Services.Experiments.Publish.Webhooks;

/// <summary>Delivers webhooks, at least once: a delivery whose receipt was not stored is sent again under the same id.</summary>
internal sealed partial class WebhookSender(DeliveryQueue queue, WebhookClient client, ILogger<WebhookSender> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var sweptAt = 0L;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await queue.FillAsync(stoppingToken);
                while (await SendDueAsync(stoppingToken))
                {
                }

                if (Environment.TickCount64 - sweptAt < SweepInterval.TotalMilliseconds) continue;
                await queue.SweepAsync(stoppingToken);
                sweptAt = Environment.TickCount64;
            }
            catch (NpgsqlException e)
            {
                LogWaiting(e.Message);
            }
        }
    }

    /// <summary>False if nothing was due.</summary>
    private async Task<bool> SendDueAsync(CancellationToken ct)
    {
        var due = await queue.TakeAsync(ct);
        await Task.WhenAll(due.Select(async delivery =>
        {
            var outcome = await client.SendAsync(delivery.Url, delivery.Id, delivery.Event, delivery.Body, delivery.Secret, ct);
            await queue.MarkAsync(delivery, outcome, ct);
        }));
        return due.Count > 0;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "webhooks wait: {Reason}")]
    private partial void LogWaiting(string reason);
}
