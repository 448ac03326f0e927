using CroPlatform.ServiceDefaults.Limits;
using FsCheck;
using FsCheck.Fluent;

namespace CroPlatform.Services.Tests.Experiments.People;

public sealed class TokenBucketTests
{
    [Test]
    public void Taken_WhateverThePauses_NeverMoreThanBurstAndRate()
    {
        var rate = new TokenRate(PerSecond: 10, Burst: 5);
        Prop.ForAll(Gen.Choose(0, 500).ListOf().ToArbitrary(), pauses =>
        {
            var (clock, bucket, taken) = (new Clock(), new TokenBucket(), 0);
            foreach (var pause in pauses)
            {
                clock.Advance(TimeSpan.FromMilliseconds(pause));
                if (bucket.TryTake(rate, clock, out _)) taken++;
                if (taken > rate.Burst + clock.Elapsed.TotalSeconds * rate.PerSecond + 1e-6) return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Take_EmptyBucket_SaysHowLongToWait()
    {
        var (clock, bucket, rate) = (new Clock(), new TokenBucket(), new TokenRate(PerSecond: 2, Burst: 3));
        for (var i = 0; i < 3; i++) Assert.That(bucket.TryTake(rate, clock, out _), Is.True);
        Assert.That(bucket.TryTake(rate, clock, out var wait), Is.False);
        Assert.That(wait, Is.EqualTo(TimeSpan.FromSeconds(0.5)).Within(TimeSpan.FromMilliseconds(1)));
        clock.Advance(wait);
        Assert.That(bucket.TryTake(rate, clock, out _), Is.True);
        Assert.That(bucket.IsFull(clock), Is.False);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That(bucket.IsFull(clock), Is.True);
    }

    [Test]
    public void Take_FromManyThreads_GivesEachTokenOnce()
    {
        var (clock, bucket, rate) = (new Clock(), new TokenBucket(), new TokenRate(PerSecond: 1, Burst: 1_000));
        var taken = 0;
        Parallel.For(0, 4_000, _ =>
        {
            if (bucket.TryTake(rate, clock, out var _)) Interlocked.Increment(ref taken);
        });
        Assert.That(taken, Is.EqualTo(1_000));
    }

    [Test]
    public void Take_GoodPath_AllocatesNothing()
    {
        var (buckets, rate) = (new TokenBuckets<(string, string)>(TimeProvider.System), new TokenRate(PerSecond: 1_000_000, Burst: 1_000_000));
        buckets.TryTake(("site", "key"), rate, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) buckets.TryTake(("site", "key"), rate, out _);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000));
    }

    private sealed class Clock : TimeProvider
    {
        private long _now = 1_000_000_000;

        public TimeSpan Elapsed => TimeSpan.FromTicks(_now - 1_000_000_000);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _now += time.Ticks;

        public override long GetTimestamp() => _now;
    }
}
