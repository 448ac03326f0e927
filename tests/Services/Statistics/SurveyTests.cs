using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>What a walk over the units tells: dimensions, time since exposure, excluded classes, and slices that explain a broken sample ratio.</summary>
public sealed class SurveyTests
{
    private const long Day = 86_400_000;
    private const long Start = 20_000 * Day;

    private static readonly Experiment Experiment = new()
    {
        Site = "s",
        Key = "e",
        Version = 1,
        EffectiveMs = Start,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics = [new Metric { Key = "m", Kind = MetricKind.Conversion, Event = "buy" }, new Metric { Key = "q", Kind = MetricKind.Quantile, Event = "buy", Quantile = 0.5 }],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(Start, 0)] }],
    };

    [Test]
    public void Survey_OfEveryClass_CountsEachUnitAndExposureOnce()
    {
        var survey = Walk(
        [
            Unit("1", Shown("a", 1), Shown("a", 2), Buy(3)),
            Unit("2", Shown("b", -5), Shown("b", 1)),
            Unit("3", Shown("a", 1), Shown("b", 2), Buy(3)),
            Unit("4", Shown("z", 1)),
            Unit("5", Shown("a", -1)),
            new UnitHistory("s", "6", [Shown("b", 1)], isBot: true),
        ]);
        var waterfall = Quality.WaterfallOf(survey, quarantined: 1);
        Assert.That(waterfall, Is.EqualTo(new Waterfall(9, 2, 1, 0, 1, 0, 1, 6, 2, 0, 1, 1, 2)));
        Assert.That(survey.Classes[new ClassKey(ExclusionClass.Crossover, 0, 0)].Moments[0].SumX, Is.EqualTo((Int128)Scaled.One), "let in, it would have converted");
    }

    [Test]
    public void Survey_StoredAndRead_IsTheSame()
    {
        var survey = Walk(Many(200, (i, random) => [Shown(i % 2 == 0 ? "a" : "b", i, Context("phone", $"c{i % 40}")), Buy(i + 1, random.Next(1, 1_000))]));
        var read = SurveyCodec.Decode(Experiment, SurveyCodec.Encode(survey));
        Assert.That(SurveyCodec.Encode(read), Is.EqualTo(SurveyCodec.Encode(survey)));
        Assert.That(Describe(read), Is.EqualTo(Describe(survey)));

        static string Describe(SurveyNumbers s) => System.Text.Json.JsonSerializer.Serialize(SurveyAnalysis.ByDimension(s), ExperimentResults.Json);
    }

    [Test]
    public void Dimensions_AreThoseOfTheFirstExposure_InTheSitesZone()
    {
        var history = Unit("1", Click(-3 * Day), Shown("a", 23 * 3_600_000, Context("phone", "PL")), Shown("a", 24 * 3_600_000, Context("tv", "DE")));
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Warsaw");
        var values = Dimensions.ValuesOf(history, new ExperimentFold(Experiment).Survey(history)!.Exposed!, zone);
        Assert.That(values[..2], Is.EqualTo(new[] { "phone", "PL" }));
        Assert.That(values[2..], Is.EqualTo(new[] { "unknown", "unknown", "unknown", "unknown", "01", "saturday", "returning" }), "2024-10-05 01:00 in Warsaw");
        Assert.That(Dimensions.ValuesOf(Unit("2", Shown("a", 0)), Shown("a", 0), zone)[^1], Is.EqualTo("new"));
    }

    [Test]
    public void ByDimension_AnEffectInOneValue_IsFoundThere()
    {
        var survey = Walk(Many(20_000, (i, random) =>
        {
            var (variant, device) = (i % 2 == 0 ? "a" : "b", i % 4 < 2 ? "phone" : "desktop");
            var rate = variant == "b" && device == "phone" ? 0.2 : 0.1;
            return random.NextDouble() < rate ? [Shown(variant, i, Context(device, "PL")), Buy(i + 1)] : [Shown(variant, i, Context(device, "PL"))];
        }));
        var devices = SurveyAnalysis.ByDimension(survey).Single(d => d is { Dimension: "device", Metric: "m" });
        Assert.That(devices.HeterogeneityPValue, Is.LessThan(1e-6));
        Assert.That(devices.IsReversed, Is.False);
        Assert.That(devices.Values.Single(v => v.Value == "phone").Variants[1].AdjustedPValue, Is.LessThan(0.001));
        Assert.That(devices.Values.Single(v => v.Value == "desktop").Variants[1].AdjustedPValue, Is.GreaterThan(0.05));
    }

    [Test]
    public void ByDimension_MixesThatDiffer_ShowSimpsonsParadox()
    {
        // Within each device the treatment is worse, but it has far more of the device that converts.
        var survey = Walk(Many(40_000, (i, random) =>
        {
            var variant = i % 2 == 0 ? "a" : "b";
            var device = random.NextDouble() < (variant == "a" ? 0.2 : 0.8) ? "desktop" : "phone";
            var rate = (device == "desktop" ? 0.3 : 0.1) - (variant == "b" ? 0.03 : 0);
            return random.NextDouble() < rate ? [Shown(variant, i, Context(device, "PL")), Buy(i + 1)] : [Shown(variant, i, Context(device, "PL"))];
        }));
        Assert.That(SurveyAnalysis.ByDimension(survey).Single(d => d is { Dimension: "device", Metric: "m" }).IsReversed, Is.True);
        Assert.That(SurveyAnalysis.ByDimension(survey).Single(d => d is { Dimension: "browser", Metric: "m" }).IsReversed, Is.Null, "one value has no mix");
    }

    [Test]
    public void ByAge_OfAnEffectThatFades_IsNovelty()
    {
        var survey = Walk(Many(8_000, (i, random) =>
        {
            var variant = i % 2 == 0 ? "a" : "b";
            var facts = new List<Fact> { Shown(variant, i) };
            for (var day = 0; day < 6; day++)
            {
                if (random.NextDouble() < 0.1 + (variant == "b" ? 0.15 - 0.03 * day : 0)) facts.Add(Buy(i + day * Day + 1));
            }

            return [.. facts];
        }), nowMs: Start + 7 * Day - 1);
        var trend = EffectTrends.Of(survey).Single(t => t.Metric == "m");
        Assert.That((trend.Kind, trend.PValue < 1e-6), Is.EqualTo(("novelty", true)));
        Assert.That(SurveyAnalysis.ByAge(survey).Max(a => a.Day), Is.EqualTo(5), "the seventh day of the last unit is not over");
        Assert.That(trend.Slope, Is.EqualTo(-0.03).Within(0.01));
    }

    [Test]
    public void SliceSearch_ABrowserThatLosesUnits_ComesFirst()
    {
        var survey = Walk(Many(20_000, (i, random) =>
        {
            var (variant, browser) = (i % 2 == 0 ? "a" : "b", random.Next(4) switch { 0 => "Safari", 1 => "Firefox", _ => "Chrome" });
            return variant == "b" && browser == "Safari" && random.Next(3) == 0 ? [] : [Shown(variant, i, new ExposureContext("", "", "", browser, "", ""))];
        }));
        var found = SliceSearch.Of(survey);
        Assert.That((found[0].Dimension, found[0].Value), Is.EqualTo(("browser", "Safari")));
        Assert.That(found[0].AdjustedPValue, Is.LessThan(1e-6));
        Assert.That(found[0].PValueWithout, Is.GreaterThan(0.001), "the others are split as they should be");
        Assert.That(found.Where(s => s is { Dimension: "browser", Value: "Chrome" }).All(s => s.AdjustedPValue > 0.01), Is.True);
    }

    private static SurveyNumbers Walk(IEnumerable<UnitHistory> units, long nowMs = Start + Day)
    {
        var fold = new ExperimentFold(Experiment);
        var all = units.ToList();
        var survey = new SurveyNumbers(Experiment);
        var values = Array.ConvertAll([.. Dimensions.Names], _ => (IReadOnlySet<string>)new HashSet<string>());
        foreach (var unit in all)
        {
            if (fold.Survey(unit) is not { Contribution.Standing: Standing.Analysed, Exposed: { } exposed }) continue;
            foreach (var (known, value) in values.Zip(Dimensions.ValuesOf(unit, exposed, TimeZoneInfo.Utc)))
            {
                if (known.Count < SurveyNumbers.MaxValues) ((HashSet<string>)known).Add(value);
            }
        }

        foreach (var unit in all)
        {
            if (fold.Survey(unit) is { } surveyed) survey.Add(fold, unit, surveyed, TimeZoneInfo.Utc, values, nowMs);
        }

        return survey;
    }

    private static IEnumerable<UnitHistory> Many(int units, Func<int, Random, Fact[]> facts)
    {
        var random = new Random(7);
        return Enumerable.Range(0, units).Select(i => Unit($"u{i}", facts(i, random)));
    }

    private static UnitHistory Unit(string unit, params Fact[] facts) => new("s", unit, facts);

    private static ExposureContext Context(string device, string country) => new(device, country, "", "", "", "");

    private static Fact Shown(string variant, long after, ExposureContext? context = null) =>
        new(FactId.Of($"x{variant}{after}"), Start + after, Start + after, "exposure", Exposure: new Exposure("e", variant, 0, context));

    private static Fact Buy(long after, long value = 1) => new(FactId.Of($"b{after}"), Start + after, Start + after, "buy", value * Scaled.One);

    private static Fact Click(long after) => new(FactId.Of($"c{after}"), Start + after, Start + after, "click");
}
