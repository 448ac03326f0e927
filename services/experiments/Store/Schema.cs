using CroPlatform.Postgres;
using CroPlatform.Services.Experiments.Store.People;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>Brings the schema up to date, then makes sure that the configured site is there.</summary>
internal sealed class Schema(NpgsqlDataSource source, Bootstrap bootstrap, SiteDirectory sites, ILogger<Schema> logger) : IHostedService
{
    public const string Name = "experiments";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Migrator.MigrateWhenReadyAsync(source, Name, typeof(Schema).Assembly, logger, cancellationToken);
        await bootstrap.RunAsync(cancellationToken);
        await sites.LoadAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
