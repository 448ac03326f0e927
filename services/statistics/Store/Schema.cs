using CroPlatform.Postgres;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Brings the schema up to date before anything else starts.</summary>
internal sealed class Schema(NpgsqlDataSource source, ILogger<Schema> logger) : IHostedService
{
    public const string Name = "statistics";

    public Task StartAsync(CancellationToken cancellationToken) => Migrator.MigrateWhenReadyAsync(source, Name, typeof(Schema).Assembly, logger, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
