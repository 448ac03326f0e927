using CroPlatform.Postgres;
using Npgsql;

namespace CroPlatform.Services.Assignment.Store;

/// <summary>
/// Brings the schema up to date, and tries again while Postgres is away: only sticky experiments need it, all others are decided in memory.
/// </summary>
internal sealed partial class Schema(NpgsqlDataSource source, TimeProvider clock, ILogger<Schema> logger) : BackgroundService
{
    public const string Name = "assignment";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Migrator.MigrateAsync(source, Name, typeof(Schema).Assembly, logger, stoppingToken);
                return;
            }
            catch (NpgsqlException e)
            {
                LogAway(e.Message);
                await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "sticky experiments answer with their control until Postgres is back: {Reason}")]
    private partial void LogAway(string reason);
}
