using CroPlatform.Contracts.Statistics;
using CroPlatform.Services.Experiments.Decide.PreFlight;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class PreFlightTests
{
    private static readonly MetricRequest Metric = new() { Key = "m", Kind = "conversion", Event = "purchase", Direction = "increase" };

    [Test]
    public void Report_OfAConversion_TellsUnitsAndDays()
    {
        // (z(α/2) √(2 p̄ q̄) + z(β) √(p₁q₁ + p₂q₂))² / (p₂ − p₁)² = 31 233.4 an arm for 5 % against 5.5 % at α 0.05 and power 0.8 (Fleiss, Statistical
        // Methods for Rates and Proportions, without continuity correction).
        var report = Report("""{"decision": {"min_effect": 0.1}, "coverage": 0.5, "hypothesis": "h"}""", Traffic(units: 140_000, days: 14, mean: 0.05));
        var power = report.Power.Single();
        Assert.That(report.Traffic!.ParticipantsPerDay, Is.EqualTo(5_000));
        Assert.That(power.Units, Is.EqualTo(62_468));
        Assert.That(power.Days, Is.EqualTo(power.Units / 5_000));
        Assert.That(power.DetectableEffect, Is.LessThan(0.1), "14 days have 70 000 units, more than are needed");
        Assert.That(report.Ready, Is.True);
    }

    [Test]
    public void Report_WithoutTraffic_SaysWhatIsNotKnown()
    {
        var report = Report("{}", new TrafficEstimate());
        Assert.That(report.Checks.Select(c => c.Code), Does.Contain("no_traffic"));
        Assert.That(report.Power.Single().Missing.Keys, Is.EquivalentTo(new[] { "baseline", "standard_deviation", "units", "days", "detectable_effect" }));
        Assert.That(report.Ready, Is.True, "a new site has to begin somewhere");
    }

    [Test]
    public void Report_WhenStatisticsDoesNotAnswer_SaysSo() =>
        Assert.That(Report("{}", null).Checks.Select(c => c.Code), Does.Contain("traffic_unknown"));

    [Test]
    public void Report_OfABrokenReference_IsNotReady()
    {
        var report = Report("""{"targeting": {"id": {"$inGroup": "gone"}}}""", null);
        var check = report.Checks.Single(c => c.Level == "blocker");
        Assert.That((check.Code, check.Field, report.Ready), Is.EqualTo(("unknown_group", "targeting", false)));
    }

    [Test]
    public void Report_OfAMetricThatIsGone_NamesItsPlace()
    {
        var report = PreFlightChecks.Report(Input("{}", null) with { Metrics = [null] });
        Assert.That(report.Checks.Single(c => c.Level == "blocker").Field, Is.EqualTo("metrics[0].key"));
    }

    [Test]
    public void Report_BesideARunningExperimentOnTheSameUnits_TellsTheOverlap()
    {
        var other = Drafts.Running("""{"key": "other", "coverage": 0.4}""");
        var report = PreFlightChecks.Report(Input("{}", null) with { Others = [other] });
        var overlap = report.Overlaps.Single();
        Assert.That((overlap.Experiment, overlap.Share, overlap.SharedMetrics.Single()), Is.EqualTo(("other", 0.4, "m")));
        Assert.That(report.Risk.Reasons.Select(r => r.Code), Does.Contain("overlap"));
    }

    [Test]
    public void Report_BesideAnExperimentInTheSameLayer_HasNoOverlap()
    {
        var other = Drafts.Running("""{"key": "other", "layers": [{"key": "l", "share": 0.5}]}""");
        var report = PreFlightChecks.Report(Input("""{"layers": [{"key": "l", "share": 0.5}]}""", null) with { Others = [other] });
        Assert.That(report.Overlaps, Is.Empty);
    }

    [TestCase("""{"coverage": 0.1}""", true, 0, "low")]
    [TestCase("""{"coverage": 1}""", true, 25, "low")]
    [TestCase("""{"coverage": 1}""", false, 50, "medium")]
    [TestCase("""{"coverage": 1, "tags": ["checkout"]}""", false, 70, "high")]
    public void Risk_IsTheSumOfItsReasons(string members, bool hasGuardrail, int score, string level)
    {
        var report = PreFlightChecks.Report(Input(members, null) with { Metrics = [Metric with { Guardrail = hasGuardrail }] });
        Assert.That((report.Risk.Score, report.Risk.Level), Is.EqualTo((score, level)));
        Assert.That(report.Risk.Reasons.Sum(r => r.Points), Is.EqualTo(score));
    }

    private static PreFlightReport Report(string members, TrafficEstimate? traffic) => PreFlightChecks.Report(Input(members, traffic));

    private static PreFlightInput Input(string members, TrafficEstimate? traffic) =>
        new(Drafts.Stored(members), [Metric], [], new HashSet<string>(), new ApprovalRules(), traffic, DateTimeOffset.UnixEpoch);

    private static TrafficEstimate Traffic(double units, double days, double mean)
    {
        var traffic = new TrafficEstimate { Units = units, Days = days, SampledUnits = (long)units };
        traffic.Metrics.Add(new MetricBaseline { Key = "m", N = (long)units, Mean = mean, StandardDeviation = Math.Sqrt(mean * (1 - mean)) });
        return traffic;
    }
}
