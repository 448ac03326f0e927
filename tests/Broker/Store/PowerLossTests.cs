using CroPlatform.Broker.Store;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Tests;

/// <summary>Everything that was not synced is thrown away in the middle of the work, again and again, and a ledger is kept of what was promised.</summary>
public sealed class PowerLossTests
{
    private const string Topic = "t";
    private const int Partitions = 2;
    private const int Producers = 3;
    private const int Crashes = 8;

    [TestCaseSource(nameof(Seeds))]
    public async Task Store_PowerCutAgainAndAgain_KeepsWhatItAcknowledged(int seed)
    {
        var random = new Random(seed);
        var files = new VolatileFiles();
        var ledger = new Ledger();
        for (var crash = 0; crash <= Crashes; crash++)
        {
            var store = new TopicStore(Options, files, TimeProvider.System);
            store.Create(Topic, Partitions, new Dictionary<string, string>());
            var offsets = new OffsetStore(files, Options.Data);
            ledger.Check(store, offsets);
            if (crash == Crashes)
                break;

            using var stop = new CancellationTokenSource();
            Task[] working =
            [
                .. Enumerable.Range(0, Producers).Select(i => ledger.ProduceAsync(store, i, random.Next(), stop.Token)),
                ledger.CommitAsync(offsets, stop.Token),
                MaintainAsync(store, stop.Token),
            ];
            var until = ledger.Acknowledged + random.Next(1, 120);
            while (ledger.Acknowledged < until && !Array.TrueForAll(working, task => task.IsCompleted))
                await Task.Delay(1);
            files = files.Crash(random);
            await stop.CancelAsync();
            await Task.WhenAll(working);
            offsets.Dispose();
            End(store);
        }

        Assert.That(ledger.Acknowledged, Is.GreaterThanOrEqualTo(Crashes));
    }

    [Test]
    public async Task Sync_ThatFails_AcknowledgesNothingAndShowsNothing()
    {
        var files = new VolatileFiles();
        using var store = new TopicStore(Options, files, TimeProvider.System);
        store.Create(Topic, 1, new Dictionary<string, string>());
        var log = store.Find(Topic)!.Partitions[0];
        files.FailSync(path => path.EndsWith(".log", StringComparison.Ordinal));
        var bytes = Batches.Of(["lost?"]);
        var result = log.Append(bytes, RecordBatch.Parse(bytes), 0);
        Assert.That(await log.FlushedAsync(result.LastOffset), Is.False);
        Assert.That(log.HighWatermark, Is.Zero);
        Assert.That(log.Append(bytes, RecordBatch.Parse(bytes), 0).Error, Is.EqualTo(ErrorCode.KafkaStorageError), "after a failed sync only a start knows what is there");
    }

    [Test]
    public async Task Appends_ThatWaitTogether_ShareSyncs()
    {
        var files = new VolatileFiles();
        using var store = new TopicStore(Options with { SegmentBytes = 1 << 20 }, files, TimeProvider.System);
        store.Create(Topic, 1, new Dictionary<string, string>());
        var log = store.Find(Topic)!.Partitions[0];
        const int Appends = 2_000;
        var before = files.Syncs;
        await Task.WhenAll(Enumerable.Range(0, Appends).Select(i => Task.Run(async () =>
        {
            var bytes = Batches.Of([$"{i}"]);
            await log.FlushedAsync(log.Append(bytes, RecordBatch.Parse(bytes), 0).LastOffset);
        })));
        Assert.That(log.HighWatermark, Is.EqualTo(Appends));
        Assert.That(files.Syncs - before, Is.LessThan(Appends));
    }

    private static IEnumerable<int> Seeds() => Enumerable.Range(1, 12);

    // Segments of a few batches, so that rolling and checkpoints happen all the time.
    private static BrokerOptions Options { get; } = new() { Data = "/data", SegmentBytes = 1_500, RetentionMs = -1 };

    private static Task MaintainAsync(TopicStore store, CancellationToken stop) => Task.Run(async () =>
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                store.Maintain();
                await Task.Delay(1, CancellationToken.None);
            }
        }
        catch (IOException)
        {
            // The power is off.
        }
    }, CancellationToken.None);

    /// <summary>Lets the threads go; the disk is gone already.</summary>
    private static void End(TopicStore store)
    {
        try
        {
            store.Dispose();
        }
        catch (IOException)
        {
            // As it must.
        }
    }

    /// <summary>What was sent, what was acknowledged where, and how far anybody has seen.</summary>
    private sealed class Ledger
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<(int Partition, long Offset), string> _acknowledged = [];
        private readonly long[] _seen = new long[Partitions];
        private readonly (int Sequence, (int Partition, string[] Values)? Unsure)[] _producers = new (int, (int, string[])?)[Producers];
        private long _committed = -1;
        private long _tried = -1;
        private int _count;

        public int Acknowledged => Volatile.Read(ref _count);

        /// <summary>Idempotent, one batch at a time; one whose fate is unknown after a crash is sent again, as it was.</summary>
        public Task ProduceAsync(TopicStore store, int producer, int seed, CancellationToken stop) => Task.Run(async () =>
        {
            var random = new Random(seed);
            var partition = producer % Partitions;
            var log = store.Find(Topic)!.Partitions[partition];
            while (!stop.IsCancellationRequested)
            {
                var (sequence, unsure) = _producers[producer];
                var values = unsure?.Values ?? [.. Enumerable.Range(sequence, random.Next(1, 6)).Select(i => $"{producer}:{i}")];
                _producers[producer].Unsure = (partition, values);
                var bytes = Batches.Of(values, producer: producer, epoch: 0, sequence: sequence);
                var result = log.Append(bytes, RecordBatch.Parse(bytes), 0);
                if (result.Error != ErrorCode.None || !await log.FlushedAsync(result.LastOffset))
                    return;
                lock (_gate)
                {
                    for (var i = 0; i < values.Length; i++)
                        _acknowledged[(partition, result.BaseOffset + i)] = values[i];
                    _seen[partition] = Math.Max(_seen[partition], log.HighWatermark);
                }

                _producers[producer] = (sequence + values.Length, null);
                Interlocked.Increment(ref _count);
            }
        }, CancellationToken.None);

        public Task CommitAsync(OffsetStore offsets, CancellationToken stop) => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var next = Interlocked.Increment(ref _tried);
                if (await offsets.StoreAsync([(new OffsetKey("g", Topic, 0), new CommittedOffset(next, -1, null))]) != ErrorCode.None)
                    return;
                _committed = next;
            }
        }, CancellationToken.None);

        public void Check(TopicStore store, OffsetStore offsets)
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                var log = store.Find(Topic)!.Partitions[partition];
                Assert.That(log.HighWatermark, Is.GreaterThanOrEqualTo(_seen[partition]), "offsets never go back");
                var found = ReadAll(log);
                Assert.That(found.Select(record => record.Offset), Is.EqualTo(Enumerable.Range(0, found.Count).Select(i => (long)i)));
                Assert.That(found.Select(record => record.Value), Is.Unique, "nothing twice");
                var promised = _acknowledged.Where(pair => pair.Key.Partition == partition).ToList();
                Assert.That(promised.Where(pair => pair.Key.Offset >= found.Count || found[(int)pair.Key.Offset].Value != pair.Value), Is.Empty, "nothing acknowledged is lost or moved");
            }

            var committed = offsets.All.GetValueOrDefault(new OffsetKey("g", Topic, 0))?.Offset ?? -1;
            Assert.That(committed, Is.InRange(_committed, _tried), "a commit is there, or a later one that was not acknowledged");
        }

        private static List<(long Offset, string Value)> ReadAll(PartitionLog log)
        {
            var all = new List<(long, string)>();
            for (var next = 0L; next < log.HighWatermark;)
            {
                using var to = new WireWriter();
                var result = log.Read(next, 4_096, atLeastOne: true, to);
                Assert.That(result.Error, Is.EqualTo(ErrorCode.None));
                all.AddRange(Batches.Values(to.Written).Select(record => (record.Offset, record.Value)));
                next = all[^1].Item1 + 1;
            }

            return all;
        }
    }
}
