using System.Text.Json;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Experimentation.GrowthBook;
using FsCheck;
using FsCheck.Fluent;

namespace CroPlatform.Experimentation.Tests.Evaluation;

/// <summary>A payload decides as the rules do that it was written from.</summary>
public sealed class SdkPayloadTests
{
    [Test]
    public void Evaluate_RandomSites_DecidesAsTheRulesDo() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        seed =>
        {
            var site = new RandomSite(seed, experiments: 8);
            var features = FeatureSet.Parse(JsonDocument.Parse(SdkPayload.Write(site.Rules, RandomSite.Now)).RootElement);
            for (var i = 0; i < 20; i++)
            {
                var user = site.User();
                foreach (var key in site.Keys) AssertSame(site.Rules, key, user, features.Evaluate(key, site.InSdk(user)));
            }
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Evaluate_AStickyVariantIsNew_RemembersWhatTheRulesWantRemembered()
    {
        var remembered = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            var site = new RandomSite(seed, experiments: 6);
            var features = FeatureSet.Parse(JsonDocument.Parse(SdkPayload.Write(site.Rules, RandomSite.Now)).RootElement);
            var user = site.User();
            foreach (var key in site.Keys)
            {
                var decision = site.Rules.Decide(key, user);
                if (!decision.StoreSticky) continue;
                var experiment = site.Rules.Find(key)!.Experiment;
                var inSdk = site.InSdk(user);
                features.Evaluate(key, inSdk);
                Assert.That(
                    inSdk.Sticky!.Documents.Values.Select(d => d.Assignments.GetValueOrDefault($"{key}__{experiment.BucketVersion}")),
                    Has.Some.EqualTo(experiment.Variants[decision.Variant].Key), $"site {seed}, {key}, {user}: {decision}");
                remembered++;
            }
        }

        Assert.That(remembered, Is.GreaterThan(10), "the sites drawn have sticky experiments");
    }

    [Test]
    public void Write_AStoppedExperiment_LeavesOnlyTheControl()
    {
        var stopped = Sites.Ab with { Status = ExperimentStatus.Completed };
        var feature = Payload(stopped).GetProperty("features").GetProperty("e");
        Assert.That(feature.GetProperty("defaultValue").GetString(), Is.EqualTo("control"));
        Assert.That(feature.GetProperty("rules").GetArrayLength(), Is.Zero);
    }

    [Test]
    public void Write_OutsideTheSchedule_LeavesOnlyTheControl()
    {
        var closed = Sites.Ab with { Schedule = new Schedule { ToMs = 1 } };
        Assert.That(Payload(closed).GetProperty("features").GetProperty("e").GetProperty("rules").GetArrayLength(), Is.Zero);
    }

    [Test]
    public void Write_SavedGroups_ArePublishedByKey()
    {
        var rules = Sites.Of(Sites.Ab).With(new SavedGroup("s", "staff", "id", """["a", 1]"""u8.ToArray()));
        var payload = JsonDocument.Parse(SdkPayload.Write(rules, RandomSite.Now)).RootElement;
        Assert.That(payload.GetProperty("savedGroups").GetRawText(), Is.EqualTo("""{"staff":["a", 1]}"""));
    }

    [Test]
    public void Write_ASplitUrl_SendsItsUnitsWhereTheirVariantsAre()
    {
        var split = Sites.Ab with
        {
            Kind = ExperimentKind.SplitUrl,
            UrlPatterns = [new UrlPattern(UrlPatternType.Simple, "https://shop.example.com/")],
            Variants =
            [
                new Variant("control", "control") { PageChanges = new PageChanges([], Redirect: "https://shop.example.com/") },
                new Variant("treatment", "treatment") { PageChanges = new PageChanges([], Redirect: "https://shop.example.com/new") },
            ],
        };
        var rules = Sites.Of(split);
        var features = FeatureSet.Parse(Payload(split));
        for (var i = 0; i < 50; i++)
        {
            var (unit, url) = ($"u{i}", "https://shop.example.com/?utm=1");
            var decision = rules.Decide("e", new EvaluationContext { VisitorId = unit, Url = url });
            var attributes = JsonSerializer.SerializeToElement(new { id = unit });
            Assert.That(
                features.Redirect(new UserContext { Attributes = attributes, Url = url }),
                Is.EqualTo(decision.Variant == 1 ? "https://shop.example.com/new?utm=1" : null));
        }
    }

    [Test]
    public void Write_AJourney_ChangesEachPageByTheSameVariant()
    {
        PageChanges Changes(string text) => new(
        [
            new PageChange("h1", PageAction.Set, "html", text, "/cart"),
            new PageChange("#buy", PageAction.Append, "class", "big", "/product/*"),
        ]);
        var journey = Sites.Ab with
        {
            Kind = ExperimentKind.Journey,
            Variants = [new Variant("control", "control"), new Variant("treatment", "treatment") { PageChanges = Changes("Almost yours") }],
        };
        var features = FeatureSet.Parse(Payload(journey));
        Assert.That(features.Experiments.Select(e => e.Key), Is.EqualTo(new[] { "e", "e" }));
        var user = new UserContext { Attributes = JsonSerializer.SerializeToElement(new { id = Sites.UnitIn(journey, 1) }), Url = "https://shop.example.com/product/5" };
        var results = features.Experiments.Select(e => features.Run(e, user)).ToList();
        Assert.That(results.Select(r => r.InExperiment), Is.EqualTo(new[] { false, true }));
        Assert.That(results[1].Value.GetRawText(), Is.EqualTo(
            """{"domMutations":[{"selector":"#buy","action":"append","attribute":"class","value":"big"}]}"""));
    }

    internal static void AssertSame(SiteRules rules, string key, in EvaluationContext user, FeatureResult result)
    {
        var decision = rules.Decide(key, user);
        var experiment = rules.Find(key)!.Experiment;
        var expected = JsonDocument.Parse(SdkValues.Served(experiment).ByVariant[decision.Variant]).RootElement;
        Assert.That(JsonElement.DeepEquals(result.Value, expected), Is.True, $"{key}: {decision} but {result.Value} by {result.Source}");
        Assert.That(result.Source == FeatureSource.Experiment, Is.EqualTo(decision.InExperiment), $"{key}: {decision}");
        if (decision.InExperiment) Assert.That(result.ExperimentResult!.Key, Is.EqualTo(experiment.Variants[decision.Variant].Key));
    }

    private static JsonElement Payload(Experiment experiment) => JsonDocument.Parse(SdkPayload.Write(Sites.Of(experiment), RandomSite.Now)).RootElement;
}
