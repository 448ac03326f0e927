using System.Net.Sockets;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Tests;

/// <summary>What the protocol asks for that the clients do not show: sequences, limits, refusals, and bytes that are no requests.</summary>
public sealed class ProtocolTests
{
    private const string Topic = "t";
    private TemporaryBroker _broker = null!;
    private WireClient _client = null!;

    [SetUp]
    public void Start()
    {
        _broker = new TemporaryBroker(new BrokerOptions { Data = "", RetentionMs = -1, MaxRequestBytes = 1 << 20, MaxBatchBytes = 100_000, MaxConnections = 20 });
        _broker.Broker.Topics.Create(Topic, 1, new Dictionary<string, string>());
        _client = new WireClient(_broker.Bootstrap);
    }

    [TearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _broker.DisposeAsync();
    }

    [Test]
    public async Task Idempotent_BatchSentAgain_HasItsFirstOffsetAlsoAfterARestart()
    {
        var first = Batches.Of(["a", "b"], producer: 7, epoch: 0, sequence: 0);
        var second = Batches.Of(["c"], producer: 7, epoch: 0, sequence: 2);
        Assert.That(_client.Produce(Topic, first), Is.EqualTo((ErrorCode.None, 0L)));
        Assert.That(_client.Produce(Topic, second), Is.EqualTo((ErrorCode.None, 2L)));
        Assert.That(_client.Produce(Topic, first), Is.EqualTo((ErrorCode.None, 0L)));
        await Restart();
        Assert.That(_client.Produce(Topic, first), Is.EqualTo((ErrorCode.None, 0L)));
        Assert.That(_client.Produce(Topic, second), Is.EqualTo((ErrorCode.None, 2L)));
        Assert.That(Values(0), Is.EqualTo(new[] { "a", "b", "c" }));
    }

    [TestCase(0, 5, false)]
    [TestCase(0, 1, true)]
    [TestCase(1, 1, false)]
    [TestCase(1, 0, true)]
    public void Idempotent_NextBatch_MustFollow(short epoch, int sequence, bool follows)
    {
        _client.Produce(Topic, Batches.Of(["a"], producer: 7, epoch: 0, sequence: 0));
        Assert.That(_client.Produce(Topic, Batches.Of(["b"], producer: 7, epoch: epoch, sequence: sequence)).Error, Is.EqualTo(follows ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber));
    }

    [Test]
    public void Idempotent_OldEpochAndOldDuplicate_AreRefused()
    {
        for (var i = 0; i < 10; i++)
            _client.Produce(Topic, Batches.Of([$"{i}"], producer: 7, epoch: 3, sequence: i));
        Assert.That(_client.Produce(Topic, Batches.Of(["x"], producer: 7, epoch: 2, sequence: 10)).Error, Is.EqualTo(ErrorCode.InvalidProducerEpoch));
        Assert.That(_client.Produce(Topic, Batches.Of(["0"], producer: 7, epoch: 3, sequence: 0)).Error, Is.EqualTo(ErrorCode.DuplicateSequenceNumber), "older than what is remembered");
        Assert.That(Values(0), Has.Length.EqualTo(10));
    }

    [Test]
    public void Idempotent_SequenceAtItsEnd_GoesRound()
    {
        _client.Produce(Topic, Batches.Of(["a", "b"], producer: 7, epoch: 0, sequence: int.MaxValue - 1));
        Assert.That(_client.Produce(Topic, Batches.Of(["c"], producer: 7, epoch: 0, sequence: 0)), Is.EqualTo((ErrorCode.None, 2L)));
    }

    [Test]
    public void ProducerIds_AreNeverGivenTwice()
    {
        var ids = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            ids.AddRange(Enumerable.Range(0, 5).Select(_ => ProducerId(null).Id));
            Restart().GetAwaiter().GetResult();
        }

        Assert.That(ids, Is.Unique);
        Assert.That(ProducerId("transaction").Error, Is.EqualTo(ErrorCode.TransactionalIdAuthorizationFailed));
    }

    [Test]
    public void Produce_WithABrokenBatch_WritesNothing()
    {
        Assert.That(_client.Produce(Topic, Flipped(70)).Error, Is.EqualTo(ErrorCode.CorruptMessage), "a flipped bit");
        Assert.That(_client.Produce(Topic, Batches.Of(["a"])[..60]).Error, Is.EqualTo(ErrorCode.CorruptMessage), "cut off");
        Assert.That(_client.Produce(Topic, [.. Batches.Of(["a"]), .. Batches.Of(["b"])]).Error, Is.EqualTo(ErrorCode.InvalidRecord), "two batches");
        Assert.That(_client.Produce(Topic, Sealed(22, 0x20)).Error, Is.EqualTo(ErrorCode.InvalidRecord), "a control batch");
        Assert.That(_client.Produce(Topic, Sealed(22, 0x10)).Error, Is.EqualTo(ErrorCode.InvalidRecord), "a transaction's batch");
        Assert.That(_client.Produce(Topic, Sealed(26, 9)).Error, Is.EqualTo(ErrorCode.InvalidRecord), "a count that is not the number of offsets");
        Assert.That(_client.Produce(Topic, Batches.Of([new string('x', 200_000)])).Error, Is.EqualTo(ErrorCode.MessageTooLarge));
        Assert.That(_client.Produce(Topic, Batches.Of(["a"]), acks: 2).Error, Is.EqualTo(ErrorCode.InvalidRequiredAcks));
        Assert.That(_client.Produce(Topic, Batches.Of(["a"]), partition: 1).Error, Is.EqualTo(ErrorCode.UnknownTopicOrPartition));
        Assert.That(_client.Fetch(Topic, 0).HighWatermark, Is.Zero);
    }

    [Test]
    public void Produce_WithoutAcknowledgement_IsNotAnswered()
    {
        _client.Send(ApiKey.Produce, 7, writer => WireClient.ProduceBody(writer, Topic, Batches.Of(["a"]), acks: 0, partition: 0));
        Assert.That(_client.Produce(Topic, Batches.Of(["b"])), Is.EqualTo((ErrorCode.None, 1L)));
    }

    [Test]
    public void Fetch_Limits_AreKeptSaveForTheFirstBatch()
    {
        for (var i = 0; i < 20; i++)
            _client.Produce(Topic, Batches.Of([new string((char)('a' + i), 1_000)]));
        Assert.That(Batches.Values(_client.Fetch(Topic, 5, partitionMaxBytes: 10).Records).Select(r => r.Offset), Is.EqualTo(new[] { 5L }), "one batch, whatever the limit");
        Assert.That(Batches.Values(_client.Fetch(Topic, 5, partitionMaxBytes: 3_500).Records).Select(r => r.Offset), Is.EqualTo(new[] { 5L, 6L, 7L }), "whole batches only");
        Assert.That(_client.Fetch(Topic, 20), Is.EqualTo((ErrorCode.None, 20L, Array.Empty<byte>())));
        Assert.That(_client.Fetch(Topic, 21).Error, Is.EqualTo(ErrorCode.OffsetOutOfRange));
    }

    [Test]
    public void Fetch_ThatWaits_IsAnsweredWhenEnoughIsThere()
    {
        using var producer = new WireClient(_broker.Bootstrap);
        var waiting = Task.Run(() => _client.Fetch(Topic, 0, waitMs: 20_000, minBytes: 150));
        producer.Produce(Topic, Batches.Of(["a"])); // 69 bytes
        producer.Produce(Topic, Batches.Of(["b"]));
        Assert.That(waiting.IsCompleted, Is.False);
        producer.Produce(Topic, Batches.Of(["c"]));
        Assert.That(Batches.Values(waiting.GetAwaiter().GetResult().Records).Select(r => r.Value), Is.EqualTo(new[] { "a", "b", "c" }));
    }

    [Test]
    public void ApiVersions_OfTheFuture_AreAnsweredInTheOldestForm()
    {
        _client.Send([0, 0, 0, 10, 0, 18, 0, 99, 0, 0, 0, 1, 255, 255]);
        var answer = _client.Receive();
        Assert.That((ErrorCode)answer.Int16(), Is.EqualTo(ErrorCode.UnsupportedVersion));
        Assert.That(answer.Array(r => ((ApiKey)r.Int16(), r.Int16(), r.Int16())), Has.Length.EqualTo(ApiVersionRange.All.Count));
    }

    [Test]
    public void Sasl_IsRefusedByItsOwnError() =>
        Assert.That((ErrorCode)_client.Ask(ApiKey.SaslHandshake, 1, writer => writer.String("PLAIN")).Int16(), Is.EqualTo(ErrorCode.UnsupportedSaslMechanism));

    // A length beyond the limit; a negative one; HTTP; TLS; a request that is not offered; a version that is not.
    [TestCase("7fffffff")]
    [TestCase("ffffffff")]
    [TestCase("474554202f20485454502f312e310d0a0d0a")]
    [TestCase("16030100c8010000c40303")]
    [TestCase("0000000a00630000000000010000")]
    [TestCase("0000000a00000063000000010000")]
    [TestCase("0000000e00030001000000010000000fffff")]
    public void Garbage_ClosesTheConnectionOnly(string hex)
    {
        using var other = new WireClient(_broker.Bootstrap);
        other.Send(Convert.FromHexString(hex));
        Assert.That(() => other.Receive(), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<IOException>().Or.InstanceOf<SocketException>());
        Assert.That(_client.Produce(Topic, Batches.Of(["still there"])).Error, Is.EqualTo(ErrorCode.None));
    }

    [Test]
    public void Connections_BeyondTheLimit_WaitForAPlace()
    {
        var others = Enumerable.Range(0, 19).Select(_ => new WireClient(_broker.Bootstrap)).ToList();
        using var waiting = new WireClient(_broker.Bootstrap);
        var answer = Task.Run(() => waiting.Produce(Topic, Batches.Of(["a"])).Error);
        Assert.That(_client.Produce(Topic, Batches.Of(["b"])).Error, Is.EqualTo(ErrorCode.None));
        Assert.That(answer.IsCompleted, Is.False);
        others.ForEach(other => other.Dispose());
        Assert.That(answer.GetAwaiter().GetResult(), Is.EqualTo(ErrorCode.None));
    }

    private async Task Restart()
    {
        _client.Dispose();
        await _broker.RestartAsync();
        _client = new WireClient(_broker.Bootstrap);
    }

    private string[] Values(long from) => [.. Batches.Values(_client.Fetch(Topic, from).Records).Select(record => record.Value)];

    private (ErrorCode Error, long Id) ProducerId(string? transaction)
    {
        var answer = _client.Ask(ApiKey.InitProducerId, 1, writer =>
        {
            writer.String(transaction);
            writer.Int32(1_000);
        });
        _ = answer.Int32();
        return ((ErrorCode)answer.Int16(), answer.Int64());
    }

    private static byte[] Flipped(int at)
    {
        var batch = Batches.Of(["a", "b", "c"]);
        batch[at] ^= 1;
        return batch;
    }

    private static byte[] Sealed(int at, byte value)
    {
        var batch = Batches.Of(["a"]);
        batch[at] = value;
        Batches.Seal(batch);
        return batch;
    }
}
