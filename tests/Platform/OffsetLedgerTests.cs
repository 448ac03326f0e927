using CroPlatform.Postgres;
using Dapper;
using Npgsql;

namespace CroPlatform.Platform.Tests;

/// <summary>The fence around a partition's results, on a real Postgres.</summary>
public sealed class OffsetLedgerTests
{
    private const string Topic = "t";
    private readonly string _schema = $"fence_{Guid.NewGuid():N}";
    private NpgsqlDataSource _source = null!;

    [OneTimeSetUp]
    public async Task CreateSchema()
    {
        _source = NpgsqlDataSource.Create(TestPlatform.Current.Postgres + $";Search Path={_schema}");
        await using var db = await _source.OpenConnectionAsync();
        await db.ExecuteAsync($"""
            create schema {_schema};
            create table offsets (topic text, partition int, log_id text not null, next_offset bigint not null, epoch bigint not null,
                primary key (topic, partition));
            """);
    }

    [OneTimeTearDown]
    public async Task DropSchema()
    {
        await using (var db = await _source.OpenConnectionAsync()) await db.ExecuteAsync($"drop schema {_schema} cascade");
        await _source.DisposeAsync();
    }

    [Test]
    public async Task Claim_AfterAdvances_GoesOnWhereTheLastOneStored()
    {
        var claim = await ClaimAsync(1, "log");
        claim = await AdvanceAsync(claim, 5);
        await AdvanceAsync(claim, 9);
        var next = await ClaimAsync(1, "log");
        Assert.That((next.Next, next.IsNewLog, next.Epoch > claim.Epoch), Is.EqualTo((9L, false, true)));
    }

    [Test]
    public async Task Claim_OnALogMadeAnew_StartsOver()
    {
        await AdvanceAsync(await ClaimAsync(2, "old"), 7);
        var next = await ClaimAsync(2, "new");
        Assert.That((next.Next, next.IsNewLog), Is.EqualTo((0L, true)));
    }

    [Test]
    public async Task Advance_ByAnOwnerThatWasReplaced_IsFenced()
    {
        var zombie = await ClaimAsync(3, "log");
        await ClaimAsync(3, "log");
        Assert.That(async () => await AdvanceAsync(zombie, 1), Throws.TypeOf<FencedException>());
    }

    [Test]
    public async Task Advance_Repeated_IsFenced()
    {
        var claim = await ClaimAsync(4, "log");
        await AdvanceAsync(claim, 1);
        Assert.That(async () => await AdvanceAsync(claim, 1), Throws.TypeOf<FencedException>(), "a commit whose answer was lost must not be made twice");
    }

    private async Task<Claim> ClaimAsync(int partition, string log)
    {
        await using var db = await _source.OpenConnectionAsync();
        return await OffsetLedger.ClaimAsync(db, Topic, partition, log, CancellationToken.None);
    }

    private async Task<Claim> AdvanceAsync(Claim claim, long to)
    {
        await using var db = await _source.OpenConnectionAsync();
        await using var transaction = await db.BeginTransactionAsync();
        await OffsetLedger.AdvanceAsync(transaction, claim, to, CancellationToken.None);
        await transaction.CommitAsync();
        return claim with { Next = to };
    }
}
