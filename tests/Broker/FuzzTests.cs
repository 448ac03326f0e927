using System.Buffers.Binary;
using System.Net.Sockets;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Tests;

/// <summary>
/// Sound requests with something wrong in them, seeded: bits flipped, numbers replaced by extremes, pieces cut out, doubled or moved. The
/// broker may answer or close the connection; it must stay, keep what it has, and keep its memory. It takes about a minute, beside the other
/// tests; CRO_FUZZ_REQUESTS makes it longer.
/// </summary>
[Parallelizable(ParallelScope.Self)]
public sealed class FuzzTests
{
    private const int DefaultRequests = 100_000;
    private const int Connections = 4;
    private const string Topic = "fuzz";

    // A join may rightly be held for as long as it says; it is given up.
    private const int PatienceMs = 400;

    [Test]
    public async Task Requests_Mutated_LeaveTheBrokerAndItsRecordsAsTheyWere()
    {
        await using var broker = new TemporaryBroker(new BrokerOptions { Data = "", RetentionMs = -1, MaxPartitions = 200, MaxRequestBytes = 1 << 20 });
        broker.Broker.Topics.Create(Topic, 1, new Dictionary<string, string>());
        broker.Broker.Topics.Create("kept", 1, new Dictionary<string, string>());
        using var sound = new WireClient(broker.Bootstrap);
        sound.Produce("kept", Batches.Of(["before"]));
        var requests = int.TryParse(Environment.GetEnvironmentVariable("CRO_FUZZ_REQUESTS"), out var wanted) ? wanted : DefaultRequests;

        var closed = await Task.WhenAll(Enumerable.Range(0, Connections).Select(i => Task.Run(() => Fuzz(broker.Bootstrap, new Random(i), requests / Connections))));

        using var after = new WireClient(broker.Bootstrap);
        Assert.That(after.Produce("kept", Batches.Of(["after"])), Is.EqualTo((ErrorCode.None, 1L)));
        Assert.That(Batches.Values(after.Fetch("kept", 0).Records).Select(r => r.Value), Is.EqualTo(new[] { "before", "after" }));
        Assert.That(GC.GetTotalMemory(forceFullCollection: true), Is.LessThan(256L << 20));
        Assert.That(broker.Log.Where(line => line.Contains(" failed: ", StringComparison.Ordinal)), Is.Empty, "no request is a fault of the broker's");
        Assert.That(closed.Sum(), Is.InRange(1, requests - 1), "some are refused, some still make sense");
    }

    /// <returns>How many ended their connection.</returns>
    private static int Fuzz(string bootstrap, Random random, int count)
    {
        var seeds = Requests();
        var closed = 0;
        WireClient? client = null;
        for (var i = 0; i < count; i++)
        {
            client ??= new WireClient(bootstrap, PatienceMs);
            var request = Mutated(seeds[random.Next(seeds.Count)], random);
            try
            {
                client.Send(request);

                // Then a sound one: its answer says that the one before is done with. Answers are passed over until it comes.
                var mark = 1_000_000 + i;
                client.Send(WireClient.Frame(ApiKey.ApiVersions, 0, mark, _ => { }));
                client.SkipTo(mark);
            }
            catch (Exception e) when (e is IOException or SocketException or EndOfStreamException)
            {
                closed++;
                client.Dispose();
                client = null;
            }
        }

        client?.Dispose();
        return closed;
    }

    private static byte[] Mutated(byte[] seed, Random random)
    {
        var bytes = seed.ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            // Behind the length, and mostly behind the header, so that it gets past the first look.
            var at = random.Next(random.Next(8) == 0 ? 4 : 14, bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    byte[][] extremes = [[0x7f, 255, 255, 255], [255, 255, 255, 255], [0x80, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]];
                    var extreme = extremes[random.Next(extremes.Length)];
                    for (var i = 0; i < 4 && at + i < bytes.Count; i++)
                        bytes[at + i] = extreme[i];
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 9)).Select(_ => (byte)random.Next(256)));
                    break;
            }

            if (bytes.Count < 20)
                break;
        }

        // The length is right nearly always: else the next request is read as part of this one, which ends most connections.
        var mutated = bytes.ToArray();
        if (random.Next(50) != 0)
            BinaryPrimitives.WriteInt32BigEndian(mutated, mutated.Length - 4);
        return mutated;
    }

    /// <summary>A sound request of every kind, in its highest version and its lowest.</summary>
    private static List<byte[]> Requests()
    {
        var all = new List<byte[]>();
        void Add(ApiKey key, Action<WireWriter, short> body)
        {
            foreach (var version in new[] { ApiVersionRange.All[key].Min, ApiVersionRange.All[key].Max }.Distinct())
                all.Add(WireClient.Frame(key, version, 1, writer => body(writer, version)));
        }

        Add(ApiKey.Produce, (w, _) => WireClient.ProduceBody(w, Topic, Batches.Of(["a", "b"], producer: 1, epoch: 0, sequence: 0), -1, 0));
        Add(ApiKey.Fetch, (w, v) =>
        {
            w.Int32(-1);
            w.Int32(1);
            w.Int32(1);
            w.Int32(10_000);
            w.Int8(0);
            if (v >= 7)
            {
                w.Int32(0);
                w.Int32(-1);
            }

            w.Count(1);
            w.String(Topic);
            w.Count(1);
            w.Int32(0);
            if (v >= 9)
                w.Int32(0);
            w.Int64(0);
            if (v >= 5)
                w.Int64(-1);
            w.Int32(10_000);
            if (v >= 7)
                w.Count(0);
            if (v >= 11)
                w.String("");
        });
        Add(ApiKey.ListOffsets, (w, v) =>
        {
            w.Int32(-1);
            if (v >= 2)
                w.Int8(0);
            w.Count(1);
            w.String(Topic);
            w.Count(1);
            w.Int32(0);
            if (v >= 4)
                w.Int32(0);
            w.Int64(1_700_000_000_000);
        });
        Add(ApiKey.Metadata, (w, v) =>
        {
            w.Count(1);
            if (v >= 10)
                w.Uuid(Guid.Empty);
            w.String(Topic);
            w.Tags();
            if (v >= 4)
                w.Boolean(false);
            if (v >= 8)
                w.Boolean(false);
            w.Tags();
        });
        Add(ApiKey.OffsetCommit, (w, v) =>
        {
            w.String("g");
            w.Int32(-1);
            w.String("");
            if (v >= 7)
                w.String(null);
            if (v <= 4)
                w.Int64(-1);
            w.Count(1);
            w.String(Topic);
            w.Count(1);
            w.Int32(0);
            w.Int64(1);
            if (v >= 6)
                w.Int32(0);
            w.String("m");
        });
        Add(ApiKey.OffsetFetch, (w, _) =>
        {
            w.String("g");
            w.Count(1);
            w.String(Topic);
            w.Array([0], i => w.Int32(i));
        });
        Add(ApiKey.FindCoordinator, (w, v) =>
        {
            w.String("g");
            if (v >= 1)
                w.Int8(0);
        });
        Add(ApiKey.JoinGroup, (w, v) =>
        {
            w.String("g");
            w.Int32(1_000);
            if (v >= 1)
                w.Int32(1_000);
            w.String("");
            if (v >= 5)
                w.String(null);
            w.String("consumer");
            w.Count(1);
            w.String("range");
            w.Bytes([1, 2, 3]);
        });
        Add(ApiKey.SyncGroup, (w, v) =>
        {
            w.String("g");
            w.Int32(1);
            w.String("m");
            if (v >= 3)
                w.String(null);
            w.Count(1);
            w.String("m");
            w.Bytes([1]);
        });
        Add(ApiKey.Heartbeat, (w, v) =>
        {
            w.String("g");
            w.Int32(1);
            w.String("m");
            if (v >= 3)
                w.String(null);
        });
        Add(ApiKey.LeaveGroup, (w, v) =>
        {
            w.String("g");
            if (v >= 3)
                w.Count(1);
            w.String("m");
            if (v >= 3)
                w.String(null);
        });
        Add(ApiKey.DescribeGroups, (w, v) =>
        {
            w.Array(["g"], name => w.String(name));
            if (v >= 3)
                w.Boolean(false);
        });
        Add(ApiKey.ListGroups, (_, _) => { });
        Add(ApiKey.SaslHandshake, (w, _) => w.String("PLAIN"));
        Add(ApiKey.ApiVersions, (w, v) =>
        {
            if (v < 3)
                return;
            w.String("client");
            w.String("1");
            w.Tags();
        });
        Add(ApiKey.CreateTopics, (w, v) =>
        {
            w.Count(1);
            w.String("made");
            w.Int32(1);
            w.Int16(1);
            w.Count(0);
            w.Count(1);
            w.String("retention.ms");
            w.String("1000");
            w.Int32(1_000);
            if (v >= 1)
                w.Boolean(false);
        });
        Add(ApiKey.DeleteTopics, (w, _) =>
        {
            w.Array(["made"], name => w.String(name));
            w.Int32(1_000);
        });
        Add(ApiKey.InitProducerId, (w, _) =>
        {
            w.String(null);
            w.Int32(1_000);
        });
        Add(ApiKey.OffsetForLeaderEpoch, (w, v) =>
        {
            if (v >= 3)
                w.Int32(-1);
            w.Count(1);
            w.String(Topic);
            w.Count(1);
            w.Int32(0);
            w.Int32(0);
            w.Int32(0);
        });
        Add(ApiKey.DescribeConfigs, (w, v) =>
        {
            w.Count(1);
            w.Int8(2);
            w.String(Topic);
            w.Count(-1);
            if (v >= 1)
                w.Boolean(false);
        });
        Add(ApiKey.DeleteGroups, (w, _) => w.Array(["g"], name => w.String(name)));
        Assert.That(all.Select(frame => BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(4))).Distinct().Count(), Is.EqualTo(ApiVersionRange.All.Count), "every request is among them");
        return all;
    }
}
