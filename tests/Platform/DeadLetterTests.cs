using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using Google.Protobuf;
using Npgsql;

namespace CroPlatform.Platform.Tests;

/// <summary>Records that cannot be counted hold up nothing, lie in quarantine as they came, and count once they can.</summary>
public sealed class DeadLetterTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task PoisonInEveryPartition_IsQuarantined_AndWhatCanBeCountedIsPutBackOnce()
    {
        var key = TestPlatform.Unique("poison");
        await Platform.CreateMetricAsync(key, "conversion", key);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], key);
        var site = key;
        using (var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = Platform.Kafka }).Build())
        {
            for (var partition = 0; partition < Topics.All.Single(t => t.Name == Topics.Events).Partitions; partition++)
            {
                // No protobuf at all; a schema of the future; under a key that is not the visitor's, as a faulty producer would write.
                await SendAsync(producer, partition, "junk"u8.ToArray(), [0xff, 0xff, 0xff]);
                await SendAsync(producer, partition, Key(site, "future"), Fact(site, "future", $"{key}-f{partition}", 2).ToByteArray());
                await SendAsync(producer, partition, "other"u8.ToArray(), Fact("default", $"{key}-v{partition}", $"{key}-i{partition}", 1, key).ToByteArray());
            }
        }

        var exposed = Enumerable.Range(0, 24).Select(i => new { id = $"{key}-x{i}", type = "exposure", visitor_id = $"{key}-v{i}", experiment = key, variant = "a" });
        await Platform.SendEventsAsync([.. exposed]);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! == 24, "poison holds nothing up");
        await TestPlatform.EventuallyAsync(() => QuarantinedAsync(key), n => n == 24, "12 of the future, 12 under a wrong key");

        var foretold = await Platform.CroAsync("replay", "--dead-letter", "--dry-run");
        Assert.That(foretold, Does.Contain("the key is not the visitor's: ").And.Contain("schema 2 is not known: 0 can be put back"));
        await Platform.CroAsync("replay", "--dead-letter");
        await Platform.CroAsync("replay", "--dead-letter");

        await TestPlatform.EventuallyAsync(
            () => Platform.ResultsAsync(key), r => (long)r["metrics"]![0]!["variants"]![0]!["n"]! == 24 && (decimal)r["metrics"]![0]!["variants"]![0]!["sum"]! == 12, "those under a wrong key count");
        await TestPlatform.EventuallyAsync(() => QuarantinedAsync(key), n => n == 12, "those of the future stay");
        await Platform.CroAsync("replay", key);
    }

    private static byte[] Key(string site, string visitor) => Encoding.UTF8.GetBytes(Topics.UnitKey(site, visitor));

    private static Event Fact(string site, string visitor, string id, uint schema, string type = "view")
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return new Event { Site = site, Id = id, Type = type, VisitorId = visitor, TimestampMs = now + 60_000, ReceivedMs = now, Schema = schema };
    }

    private static Task<DeliveryResult<byte[], byte[]>> SendAsync(IProducer<byte[], byte[]> producer, int partition, byte[] key, byte[] value) =>
        producer.ProduceAsync(new TopicPartition(Topics.Events, partition), new Message<byte[], byte[]> { Key = key, Value = value });

    /// <summary>Rows of this test: their raw records name it.</summary>
    private static async Task<long> QuarantinedAsync(string marker)
    {
        await using var source = NpgsqlDataSource.Create(Platform.Postgres);
        await using var command = source.CreateCommand("select count(*) from statistics.quarantine where position(convert_to($1, 'UTF8') in record) > 0");
        command.Parameters.Add(new NpgsqlParameter { Value = $"{marker}-" });
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
