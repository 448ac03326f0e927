using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Experimentation.GrowthBook;

namespace CroPlatform.Experimentation.Tests.Evaluation;

/// <summary>A site with experiments of every kind and rule, and users for it, drawn from a seed.</summary>
internal sealed class RandomSite
{
    public static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-11-21T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture);

    private static readonly string[] Conditions =
    [
        """{"country": "PL"}""",
        """{"country": {"$in": ["PL", "CZ", "DE"]}}""",
        """{"age": {"$gte": 18, "$lt": 60}}""",
        """{"$or": [{"plan": "pro"}, {"age": {"$gt": 50}}]}""",
        """{"plan": {"$ne": "free"}, "tags": {"$elemMatch": {"$eq": "beta"}}}""",
        """{"country": {"$inGroup": "europe"}}""",
        """{"$not": {"country": {"$notInGroup": "europe"}}}""",
        """{"version": {"$vgte": "2.0.0"}}""",
        """{"plan": {"$regex": "^p"}}""",
        """{"id": {"$regex": "[a-m]"}}""",
        """{"user_id": {"$exists": true}}""",
        """{"country": null}""",
    ];

    private static readonly UrlPattern[] Pages =
    [
        new(UrlPatternType.Simple, "/cart"),
        new(UrlPatternType.Simple, "shop.example.com/*"),
        new(UrlPatternType.Simple, "*.example.com/product/*?ref=mail"),
        new(UrlPatternType.Regex, "product/[0-9]+"),
    ];

    private static readonly string?[] Urls =
    [
        null, "https://shop.example.com/cart", "https://shop.example.com/product/42?ref=mail&x=1", "http://www.example.com/", "https://shop.example.com/CART/?a=b#c", "https://other.test/product/7",
    ];

    private readonly Random _random;

    public RandomSite(int seed, int experiments)
    {
        _random = new Random(seed);
        Rules = SiteRules.Empty.With(new SavedGroup("s", "europe", "country", """["PL", "DE", "FR"]"""u8.ToArray()));
        for (var i = 0; i < experiments; i++)
        {
            var experiment = Experiment(i);
            Keys.Add(experiment.Key);
            Rules = Rules.With(experiment);
        }
    }

    public SiteRules Rules { get; }

    public List<string> Keys { get; } = [];

    /// <summary>Ids are printable ASCII, as SDKs differ beyond it; some users lack some of them.</summary>
    public EvaluationContext User()
    {
        var context = new EvaluationContext
        {
            VisitorId = Maybe(0.95) ? Unit() : null,
            UserId = Maybe(0.7) ? Unit() : null,
            AccountId = Maybe(0.5) ? Unit() : null,
            DeviceId = Maybe(0.5) ? Unit() : null,
            Url = Urls[_random.Next(Urls.Length)],
            Attributes = Maybe(0.1) ? null : Attributes(),
            Time = Now,
        };
        return context with { Sticky = Maybe(0.5) ? Remembered() : null };
    }

    /// <summary>The user as an SDK knows it: ids and address are attributes, what was remembered are documents.</summary>
    public UserContext InSdk(in EvaluationContext context)
    {
        var attributes = context.Attributes is { } given ? JsonNode.Parse(given.GetRawText())!.AsObject() : [];
        var documents = new List<StickyDocument>();
        foreach (var unitType in UnitTypes.All)
        {
            if (context.Unit(unitType) is not { } unit) continue;
            var name = unitType == UnitTypes.Visitor ? "id" : $"{unitType}_id";
            attributes[name] = unit;
            var buckets = (context.Sticky ?? []).Where(b => Rules.Find(b.Experiment)!.Experiment.Unit == unitType);
            documents.Add(new StickyDocument(name, unit, buckets.ToDictionary(b => $"{b.Experiment}__{b.BucketVersion}", b => b.Variant)));
        }

        if (context.Url is { } url) attributes["url"] = url;
        return new UserContext { Attributes = JsonSerializer.SerializeToElement(attributes), Url = "", Sticky = new StickyBuckets(documents) };
    }

    private Experiment Experiment(int index)
    {
        var variants = Enumerable.Range(0, _random.Next(2, 5)).Select(i => $"v{i}").ToList();
        var configs = Maybe(0.4);
        var status = Maybe(0.75) ? ExperimentStatus.Running : Maybe(0.5) ? ExperimentStatus.Completed : ExperimentStatus.Paused;
        var unit = Maybe(0.6) ? UnitTypes.Visitor : UnitTypes.All[_random.Next(4)];
        var bucketVersion = _random.Next(3);
        return new Experiment
        {
            Site = "s",
            Key = $"e{index}",
            Version = 1,
            EffectiveMs = 1,
            Status = status,
            Unit = unit,
            Variants = [.. variants.Select((v, i) => new Variant(v, v, configs && Maybe(0.8) ? Encoding.UTF8.GetBytes($$"""{"color": "c{{i}}", "n": {{i}}}""") : default))],
            Control = _random.Next(variants.Count),
            Phases =
            [
                new Phase
                {
                    Index = 0,
                    Weights = Weights(variants.Count),
                    Coverage = Maybe(0.5) ? 1 : _random.NextDouble(),
                    Seed = Maybe(0.7) ? $"e{index}" : $"seed-{_random.Next()}",
                    TargetingJson = Maybe(0.4) ? Encoding.UTF8.GetBytes(Conditions[_random.Next(Conditions.Length)]) : default,
                    Periods = [new Period(1, 0)],
                },
            ],
            Sticky = Maybe(0.3),
            BucketVersion = bucketVersion,
            MinBucketVersion = _random.Next(bucketVersion + 1),
            Forced = Maybe(0.2) ? [.. Enumerable.Range(0, 3).Select(i => new ForcedUnit($"tester-{i}", variants[_random.Next(variants.Count)]))] : [],
            Layers = Maybe(0.25) ? [new Layer($"layer-{_random.Next(3)}", [new BucketRange(0.1, 0.4), new BucketRange(0.5, 0.95)])] : [],
            Holdouts = Maybe(0.2) ? [Holdout()] : [],
            Prerequisites = index > 0 && Maybe(0.25) ? [new Prerequisite($"e{_random.Next(index)}", ["v0", "v1"])] : [],
            UrlPatterns = Maybe(0.2) ? [Pages[_random.Next(Pages.Length)], .. Maybe(0.3) ? [Pages[_random.Next(Pages.Length)] with { Include = false }] : Array.Empty<UrlPattern>()] : [],
            Schedule = Maybe(0.1) ? new Schedule { FromHour = _random.Next(24), ToHour = _random.Next(1, 25), TimeZone = "Europe/Warsaw" } : null,
            Served = status == ExperimentStatus.Completed && Maybe(0.7) ? new Served(variants[^1], Maybe(0.3) ? 1 : _random.NextDouble()) : null,
        };
    }

    private static Holdout Holdout() => new("keep-out", 1, UnitTypes.Visitor, "keep-out", new BucketRange(0, 0.2), "holdout", "included");

    private ImmutableArray<double> Weights(int count)
    {
        var raw = Enumerable.Range(0, count).Select(_ => _random.Next(1, 10)).ToList();
        return Maybe(0.5) ? [.. BucketRanges.EqualWeights(count)] : [.. raw.Select(w => w / (double)raw.Sum())];
    }

    private List<StickyBucket> Remembered() =>
        [.. Keys.Where(_ => Maybe(0.3)).Select(key => new StickyBucket(key, _random.Next(3), $"v{_random.Next(5)}"))];

    private JsonElement Attributes()
    {
        var attributes = new JsonObject();
        if (Maybe(0.8)) attributes["country"] = Pick("PL", "DE", "US", "pl");
        if (Maybe(0.8)) attributes["age"] = _random.Next(10, 80);
        if (Maybe(0.8)) attributes["plan"] = Pick("pro", "free", "team");
        if (Maybe(0.5)) attributes["tags"] = new JsonArray(Pick("beta", "x"), Pick("y", "z"));
        if (Maybe(0.5)) attributes["version"] = Pick("1.9.3", "2.0.0-rc.1", "2.0.0", "10.1");
        return JsonSerializer.SerializeToElement(attributes);
    }

    private string Unit()
    {
        if (Maybe(0.05)) return $"tester-{_random.Next(3)}";
        return string.Concat(Enumerable.Range(0, _random.Next(1, 24)).Select(_ => (char)_random.Next(0x20, 0x7f)));
    }

    private string Pick(params string[] values) => values[_random.Next(values.Length)];

    private bool Maybe(double probability) => _random.NextDouble() < probability;
}
