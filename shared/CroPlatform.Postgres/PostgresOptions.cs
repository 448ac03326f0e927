using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Postgres;

public sealed record PostgresOptions
{
    public const string Section = "Postgres";

    [Required(ErrorMessage = "Postgres:ConnectionString must be set, say Host=localhost;Database=cro;Username=cro;Password=…")]
    public string ConnectionString { get; init; } = "";
}

public static class PostgresRegistration
{
    /// <summary>
    /// One data source for the service, whose connections see the service's own schema only. Commits are synchronous whatever the server's
    /// default is: an offset stored with a result must not outlive it.
    /// </summary>
    public static IServiceCollection AddPostgres(this IServiceCollection services, string schema)
    {
        services.AddOptions<PostgresOptions>().BindConfiguration(PostgresOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider =>
        {
            var settings = new NpgsqlConnectionStringBuilder(provider.GetRequiredService<IOptions<PostgresOptions>>().Value.ConnectionString)
            {
                SearchPath = schema,
                ApplicationName = $"cro-{schema}",
                Options = "-c synchronous_commit=on",
                Timeout = 5,
                CommandTimeout = 30,
                KeepAlive = 15,
            };
            return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
        });
        return services;
    }
}
