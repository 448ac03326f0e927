using CroPlatform.Postgres;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>Brings the schema up to date, then makes sure that the configured site is there.</summary>
internal sealed class Schema(NpgsqlDataSource source, SiteDirectory sites, ILogger<Schema> logger) : IHostedService
{
    public const string Name = "experiments";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Migrator.MigrateAsync(source, Name, typeof(Schema).Assembly, logger, cancellationToken);
        await sites.LoadAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
