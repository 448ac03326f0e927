using CroPlatform.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Tests.Postgres;

/// <summary>No service reads a replica, whatever its connection string names.</summary>
public sealed class PostgresOptionsTests
{
    private const string Login = "Database=cro;Username=cro;Password=secret";

    [TestCase("any")]
    [TestCase("standby")]
    [TestCase("prefer-standby")]
    [TestCase("primary")]
    public void TargetSessionAttributes_AreRefused_WithWhatToSet(string session)
    {
        using var services = Services($"Host=db1,db2;{Login};Target Session Attributes={session}");
        var refusal = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<NpgsqlDataSource>());
        Assert.That(refusal!.Message, Does.Contain("Postgres:ConnectionString must not set Target Session Attributes").And.Not.Contain("secret"));
    }

    [Test]
    public async Task SeveralHosts_TheStandbyIsPassedOver()
    {
        using var standby = new FakePostgres(isStandby: true);
        using var primary = new FakePostgres(isStandby: false);
        await using var services = Services($"Host=127.0.0.1:{standby.Port},127.0.0.1:{primary.Port};{Login};Server Compatibility Mode=NoTypeLoading");
        for (var i = 0; i < 3; i++)
        {
            await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
            Assert.That(connection.Port, Is.EqualTo(primary.Port));
        }
    }

    [Test]
    public async Task OnlyStandbys_NothingIsRead()
    {
        using var standby = new FakePostgres(isStandby: true);
        using var other = new FakePostgres(isStandby: true);
        await using var services = Services($"Host=127.0.0.1:{standby.Port},127.0.0.1:{other.Port};{Login};Server Compatibility Mode=NoTypeLoading");
        await Assert.ThrowsAsync<NpgsqlException>(async () => await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync());
    }

    [Test]
    public void NoConnectionString_IsRefused_WithAnExample()
    {
        using var services = Services("");
        var refusal = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<NpgsqlDataSource>());
        Assert.That(refusal!.Message, Does.Contain("Host=localhost;Database=cro"));
    }

    [TestCase("Hots=localhost;Password=secret")]
    [TestCase("localhost secret")]
    public void ConnectionStringThatIsNone_IsRefused(string connection)
    {
        using var services = Services(connection);
        var refusal = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<NpgsqlDataSource>());
        Assert.That(refusal!.Message, Does.Contain("is none that Npgsql can read").And.Not.Contain("secret"));
    }

    private static ServiceProvider Services(string connection)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection([new($"{PostgresOptions.Section}:ConnectionString", connection)]).Build();
        return new ServiceCollection().AddSingleton<IConfiguration>(settings).AddPostgres("statistics").BuildServiceProvider();
    }
}
