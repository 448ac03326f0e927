using CroPlatform.Postgres;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace CroPlatform.Platform.Tests;

/// <summary>What every service's connections ask of the server, as the server says it.</summary>
public sealed class PostgresConnectionTests
{
    [TestCase("synchronous_commit", "on")]
    [TestCase("tcp_keepalives_idle", "10")]
    [TestCase("tcp_keepalives_interval", "5")]
    [TestCase("tcp_keepalives_count", "3")]
    [TestCase("tcp_user_timeout", "25000")]
    [TestCase("search_path", "statistics")]
    public async Task Connection_OfAService_HasIts(string setting, string value)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection([new($"{PostgresOptions.Section}:ConnectionString", TestPlatform.Current.Postgres)]).Build();
        await using var services = new ServiceCollection().AddSingleton<IConfiguration>(settings).AddPostgres("statistics").BuildServiceProvider();
        await using var db = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        Assert.That(await db.ExecuteScalarAsync<string>($"show {setting}"), Is.EqualTo(value));
    }
}
