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
    // Asks after 10 s of silence, three times: by default a server keeps the locks of a machine that vanished for two hours.
    private const string NoticesTheDead = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=25000";

    /// <summary>
    /// One data source for the service, whose connections see the service's own schema only. Commits are synchronous whatever the server's
    /// default is: an offset stored with a result must not outlive it. The server notices within half a minute that a service's machine is gone.
    /// </summary>
    public static IServiceCollection AddPostgres(this IServiceCollection services, string schema)
    {
        services.AddOptions<PostgresOptions>().BindConfiguration(PostgresOptions.Section).ValidateDataAnnotations()
            .Validate(o => TryRead(o.ConnectionString) is not null, "Postgres:ConnectionString is none that Npgsql can read, as is Host=localhost;Database=cro;Username=cro;Password=…")
            .Validate(o => TryRead(o.ConnectionString)?.TargetSessionAttributes is null, "Postgres:ConnectionString must not set Target Session Attributes: what is read, checked and written is the primary's, whichever of the named hosts it is")
            .ValidateOnStart();
        services.AddSingleton(provider => PrimarySource(new NpgsqlConnectionStringBuilder(provider.GetRequiredService<IOptions<PostgresOptions>>().Value.ConnectionString)
        {
            SearchPath = schema,
            ApplicationName = $"cro-{schema}",
            Options = $"-c synchronous_commit=on {NoticesTheDead}",
            Timeout = 5,
            CommandTimeout = 30,
            KeepAlive = 15,
        }));
        return services;
    }

    /// <summary>Connections to the primary only: where several hosts are named each one is asked which it is, and after a failover the new one is found.</summary>
    public static NpgsqlDataSource PrimarySource(NpgsqlConnectionStringBuilder settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Host?.Contains(',', StringComparison.Ordinal) != true) return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
        settings.HostRecheckSeconds = 1;
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);
    }

    private static NpgsqlConnectionStringBuilder? TryRead(string connection)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connection);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
