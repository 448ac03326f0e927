using CroPlatform.Broker.Store;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Tests;

/// <summary>One partition over its life: retention, restarts, torn ends.</summary>
public sealed class PartitionLogTests
{
    private const long Start = 1_700_000_000_000;
    private const string Folder = "/data/p";

    [Test]
    public void Retention_ByAge_CutsTheOldAndKeepsTheNextOffset()
    {
        using var log = Open(new VolatileFiles(), retentionMs: 10_000);
        Fill(log, 50);
        log.Maintain(Start + 5_000);
        Assert.That((log.StartOffset, log.HighWatermark), Is.EqualTo((0L, 50L)));
        log.Maintain(Start + 12_000);
        Assert.That(log.StartOffset, Is.InRange(1, 20), "records up to two seconds after the first are too old");
        log.Maintain(Start + 3_600_000);
        Assert.That((log.StartOffset, log.HighWatermark, log.Bytes), Is.EqualTo((50L, 50L, 0L)));
        Assert.That(Read(log, 0).Error, Is.EqualTo(ErrorCode.OffsetOutOfRange));
        Assert.That(Append(log, "next", Start).BaseOffset, Is.EqualTo(50));
    }

    [Test]
    public void Retention_ByBytes_KeepsAtLeastThatMuch()
    {
        using var log = Open(new VolatileFiles(), retentionBytes: 2_000);
        Fill(log, 100);
        log.Maintain(Start);
        Assert.That(log.Bytes, Is.InRange(2_000, 2_000 + SegmentBytes));
        Assert.That(log.HighWatermark, Is.EqualTo(100));
    }

    [Test]
    public void Retention_CutOffByAPowerLoss_LeavesNoGap([Range(1, 20)] int seed)
    {
        var files = new VolatileFiles();
        var log = Open(files, retentionMs: 10_000);
        Fill(log, 50);
        log.Maintain(Start + 15_000);
        Append(log, "after", Start + 50_000);
        using var after = Open(files.Crash(new Random(seed)), retentionMs: 10_000);
        for (var offset = after.StartOffset; offset < after.HighWatermark; offset++)
            Assert.That(Read(after, offset).Offsets[0], Is.EqualTo(offset));
        Assert.That(after.HighWatermark, Is.GreaterThanOrEqualTo(50));
    }

    [Test]
    public void Log_OpenedAgain_IsReadByOffsetAndByTimeAsBefore([Values] bool clean)
    {
        var files = new VolatileFiles();
        var log = Open(files);
        Fill(log, 100);
        log.Maintain(Start); // a checkpoint
        Append(log, "100", Start + 100 * 200);
        log.Flush();
        if (clean)
            log.Dispose();
        using var again = Open(files);
        Append(again, "101", Start + 101 * 200);
        again.Flush();
        Assert.That(Enumerable.Range(0, 102).Select(offset => Read(again, offset).Offsets[0]), Is.EqualTo(Enumerable.Range(0, 102).Select(i => (long)i)));
        Assert.That(Enumerable.Range(0, 102).Select(i => again.OffsetAt(Start + i * 200)?.Offset), Is.EqualTo(Enumerable.Range(0, 102).Select(i => (long?)i)));
        Assert.That(again.OffsetAt(Start + 101 * 200 + 1), Is.Null);
    }

    [Test]
    public void Log_WithATornEnd_IsCutThereAndSaysSo([Values(1, 30, 68)] int kept)
    {
        var files = new VolatileFiles();
        var log = Open(files, segmentBytes: 1 << 20);
        Fill(log, 3);
        log.Flush();
        using (var file = files.Open($"{Folder}/{Segment.NameOf(0)}"))
            file.Write(Batches.Of(["torn"]).AsSpan(0, kept), file.Length);
        using var again = Open(files, segmentBytes: 1 << 20);
        Assert.That(again.HighWatermark, Is.EqualTo(3));
        Assert.That(again.RecoveryNote, Does.Contain($"{kept} torn bytes"));
        Assert.That(Append(again, "next", Start).BaseOffset, Is.EqualTo(3));
    }

    private const long SegmentBytes = 400;

    private static PartitionLog Open(VolatileFiles files, long? retentionMs = null, long? retentionBytes = null, long segmentBytes = SegmentBytes)
    {
        files.CreateFolder(Folder);
        files.SyncDirectory("/");
        files.SyncDirectory("/data");
        return new PartitionLog(files, Folder, new LogLimits(segmentBytes, retentionMs, retentionBytes), null, 0);
    }

    // One record each, 200 ms apart.
    private static void Fill(PartitionLog log, int count)
    {
        for (var i = 0; i < count; i++)
            Append(log, $"{i}", Start + i * 200);
    }

    private static AppendResult Append(PartitionLog log, string value, long timestamp)
    {
        var bytes = Batches.Of([value], timestamp);
        return log.Append(bytes, RecordBatch.Parse(bytes), 0);
    }

    private static (ErrorCode Error, long[] Offsets) Read(PartitionLog log, long offset)
    {
        using var to = new WireWriter();
        var result = log.Read(offset, 1, atLeastOne: true, to);
        return (result.Error, [.. Batches.Values(to.Written).Select(record => record.Offset)]);
    }
}
