using CroPlatform.Experimentation.Bucketing;
using FsCheck;
using FsCheck.Fluent;

namespace CroPlatform.Experimentation.Tests;

public sealed class FreeRangesTests
{
    [Test]
    public void Take_FromAnEmptyLayer_IsTheBeginning() => Assert.That(FreeRanges.Take([], 0.25), Is.EqualTo(new[] { new BucketRange(0, 0.25) }));

    [Test]
    public void Take_BetweenOthers_FillsTheGaps() =>
        Assert.That(FreeRanges.Take([new(0, 0.1), new(0.2, 0.5)], 0.3), Is.EqualTo(new[] { new BucketRange(0.1, 0.2), new BucketRange(0.5, 0.7) }));

    [Test]
    public void Take_MoreThanIsLeft_IsNull() => Assert.That(FreeRanges.Take([new(0.2, 1)], 0.21), Is.Null);

    [Test]
    public void Take_ManyInTurn_NeverOverlaps() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        shares =>
        {
            var taken = new List<BucketRange>();
            foreach (var share in shares)
            {
                if (FreeRanges.Take(taken, share / 512.0) is not { } free) continue;
                Assert.That(free.Any(f => taken.Exists(f.Overlaps)), Is.False);
                taken.AddRange(free);
            }
        }).QuickCheckThrowOnFailure();
}
