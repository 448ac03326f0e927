using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.PowerAnalysis;

namespace CroPlatform.Statistics.Tests;

/// <summary>The examples that users meet first, as docs/statistics.md explains them.</summary>
public sealed class UserExampleTests
{
    [Test]
    public void SampleSize_FivePercentPlusTwentyPercent_Is8158NotThe4479Claimed()
    {
        var plan = SampleSize.ForRelativeEffect(0.05, 0.2).Value;
        var claimed = Power.ForProportions(0.05, 0.06, 4479).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Control, Is.EqualTo(8158), "R: power.prop.test(p1 = 0.05, p2 = 0.06, power = 0.8) gives n = 8157.7");
            Assert.That(claimed, Is.EqualTo(0.546).Within(0.001), "what 4 479 would give");
        }
    }

    [Test]
    public void Example_50And70Of1000_IsNotQuiteSignificant()
    {
        var result = TwoProportions.Compare(new(50, 1000), new(70, 1000));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Test.Value.PValue, Is.EqualTo(0.0597).Within(0.0001));
            Assert.That(result.Lift.Value.Value, Is.EqualTo(0.4).Within(1e-12));
            Assert.That(result.Difference.Value.Interval.Contains(0), Is.True);
            Assert.That(result.IsSignificant, Is.False);
        }
    }

    [Test]
    public void Example_18Of523And12Of498_IsFarFromTheClaimed032()
    {
        Proportion control = new(18, 523), treatment = new(12, 498);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TwoProportions.PooledZ(control, treatment).Value.PValue, Is.EqualTo(0.3293).Within(0.0005));
            Assert.That(FisherExact.Test(control, treatment).Value.PValue, Is.EqualTo(0.35884905).Within(1e-8));
        }
    }
}
