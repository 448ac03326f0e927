using Confluent.Kafka;
using CroPlatform.Kafka;

namespace CroPlatform.Services.Tests.Kafka;

/// <summary>What the promise rests on in the client's settings.</summary>
public sealed class KafkaOptionsTests
{
    private static readonly KafkaOptions Options = new() { BootstrapServers = "localhost:9092" };

    [Test]
    public void Producer_WaitsForAllReplicasAndIsIdempotent()
    {
        var settings = Options.Producer("test");
        Assert.That((settings.Acks, settings.EnableIdempotence), Is.EqualTo((Acks.All, true)));
    }

    [Test]
    public void Consumer_NeverChoosesAnOffsetOfItsOwn()
    {
        var settings = Options.Consumer("test", "group");
        Assert.That((settings.AutoOffsetReset, settings.EnableAutoCommit, settings.EnableAutoOffsetStore), Is.EqualTo((AutoOffsetReset.Error, false, false)));
    }
}
