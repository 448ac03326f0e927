using Confluent.Kafka;
using CroPlatform.Bench.Broker;
using CroPlatform.Contracts;
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

    [Test]
    public void Topics_AreMadeWithOneBrokerThatMayBeAway_AndNoLeaderThatLacksRecords()
    {
        var made = Cluster.Specification(Topics.All[0], replicas: 3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((made.ReplicationFactor, made.Configs["min.insync.replicas"], made.Configs["unclean.leader.election.enable"]), Is.EqualTo(((short)3, "2", "false")));
            Assert.That(Cluster.Specification(Topics.All[0], replicas: 0).ReplicationFactor, Is.EqualTo(-1), "as the cluster says");
        }
    }

    [Test]
    public async Task Topic_OfFewerReplicasThanAskedFor_IsRefused()
    {
        using var brokers = new MockCluster(3);
        var (single, whole) = (new Topic("single", 2, false), new Topic("whole", 2, false));
        brokers.Create(single.Name, single.Partitions, replicas: 1);
        brokers.Create(whole.Name, whole.Partitions, replicas: 3);
        using var cluster = new Cluster(Microsoft.Extensions.Options.Options.Create(new KafkaOptions { BootstrapServers = brokers.Bootstrap, Replicas = 3 }));
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.LogIdAsync(single));
        Assert.That(refusal!.Message, Does.StartWith("topic single is kept by 1 brokers where Kafka:Replicas asks for 3"));
        await cluster.LogIdAsync(whole);
    }
}
