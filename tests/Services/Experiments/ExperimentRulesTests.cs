namespace CroPlatform.Services.Tests.Experiments;

public sealed class ExperimentRulesTests
{
    [TestCase("{}")]
    [TestCase("""{"kind": "aa"}""")]
    [TestCase("""{"kind": "bandit"}""")]
    [TestCase("""{"kind": "rollout", "variants": null, "coverage": 0.1}""")]
    [TestCase("""{"kind": "rollout", "variants": [{"key": "old"}, {"key": "new", "config": true}]}""")]
    [TestCase("""{"kind": "holdout", "variants": null, "holdout": 0.05}""")]
    [TestCase("""{"kind": "multivariate", "variants": null, "factors": [{"key": "f", "levels": [{"key": "a"}, {"key": "b"}]}, {"key": "g", "levels": [{"key": "a"}, {"key": "b"}, {"key": "c"}]}]}""")]
    [TestCase("""{"kind": "split_url", "url_patterns": [{"type": "simple", "pattern": "/"}], "variants": [{"key": "a", "page_changes": {"redirect": "https://x.test/a"}}, {"key": "b", "page_changes": {"redirect": "https://x.test/b"}}]}""")]
    [TestCase("""{"kind": "journey", "variants": [{"key": "a"}, {"key": "b", "page_changes": {"changes": [{"selector": "h1", "action": "set", "attribute": "html", "value": "Hi", "url": "/a"}, {"selector": "p", "action": "remove", "attribute": "class", "url": "/b"}]}}]}""")]
    [TestCase("""{"unit": "account", "sticky": true, "bucket_version": 2, "min_bucket_version": 1, "forced": [{"unit_id": "u", "variant": "control"}]}""")]
    [TestCase("""{"layers": [{"key": "l", "ranges": [[0, 0.2], [0.5, 1]]}, {"key": "m", "share": 0.1}], "holdouts": ["h"], "prerequisites": [{"experiment": "p", "variants": ["a"]}]}""")]
    [TestCase("""{"schedule": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z", "days": [1, 7], "hours": [22, 4], "time_zone": "Europe/Warsaw"}}""")]
    public void Check_AGoodDraft_HasNoProblem(string members) => Assert.That(Drafts.Problem(members), Is.Null);

    [TestCase("""{"kind": "magic"}""", "kind")]
    [TestCase("""{"unit": "session"}""", "unit")]
    [TestCase("""{"variants": [{"key": "only"}]}""", "variants")]
    [TestCase("""{"targeting": {"a": {"$near": 1}}}""", "targeting")]
    [TestCase("""{"targeting": {"a": {"$regex": "("}}}""", "targeting")]
    [TestCase("""{"factors": []}""", "factors")]
    [TestCase("""{"holdout": 0.1}""", "holdout")]
    [TestCase("""{"variants": [{"key": "a", "levels": {"f": "a"}}, {"key": "b"}]}""", "variants")]
    [TestCase("""{"kind": "aa", "variants": [{"key": "a", "config": 1}, {"key": "b", "config": 2}]}""", "variants")]
    [TestCase("""{"kind": "bandit", "sticky": false}""", "sticky")]
    [TestCase("""{"kind": "rollout", "variants": [{"key": "off", "weight": 0.5}, {"key": "on", "weight": 0.5}]}""", "variants")]
    [TestCase("""{"kind": "holdout", "variants": null}""", "holdout")]
    [TestCase("""{"kind": "holdout", "variants": null, "holdout": 0.9}""", "holdout")]
    [TestCase("""{"kind": "holdout", "holdout": 0.1}""", "variants")]
    [TestCase("""{"kind": "holdout", "variants": null, "holdout": 0.1, "targeting": {"a": 1}}""", "targeting")]
    [TestCase("""{"kind": "holdout", "variants": null, "holdout": 0.1, "layers": [{"key": "l", "share": 0.1}]}""", "layers")]
    [TestCase("""{"kind": "split_url"}""", "url_patterns")]
    [TestCase("""{"kind": "split_url", "url_patterns": [{"type": "simple", "pattern": "/"}]}""", "variants")]
    [TestCase("""{"kind": "journey"}""", "variants")]
    [TestCase("""{"url_patterns": [{"type": "simple", "pattern": "/"}], "variants": [{"key": "a"}, {"key": "b", "page_changes": {"changes": [{"selector": "a", "action": "remove", "attribute": "class", "url": "/b"}]}}]}""", "url_patterns")]
    [TestCase("""{"kind": "multivariate", "variants": null}""", "factors")]
    [TestCase("""{"kind": "multivariate", "factors": [{"key": "f", "levels": [{"key": "a"}, {"key": "b"}]}, {"key": "g", "levels": [{"key": "a"}, {"key": "b"}]}]}""", "variants[0].levels")]
    [TestCase("""{"kind": "multivariate", "variants": null, "factors": [{"key": "f", "levels": [{"key": "a"}]}, {"key": "g", "levels": [{"key": "a"}, {"key": "b"}]}]}""", "factors[0].levels")]
    [TestCase("""{"assignment": "external", "layers": [{"key": "l", "share": 0.1}]}""", "layers")]
    [TestCase("""{"forced": [{"unit_id": "u", "variant": "gone"}]}""", "forced[0].variant")]
    [TestCase("""{"forced": [{"unit_id": "u", "variant": "control"}, {"unit_id": "u", "variant": "treatment"}]}""", "forced")]
    [TestCase("""{"layers": [{"key": "l"}]}""", "layers[0].ranges")]
    [TestCase("""{"layers": [{"key": "l", "ranges": [[0, 0.5], [0.4, 1]]}]}""", "layers[0].ranges")]
    [TestCase("""{"layers": [{"key": "l", "ranges": [[0.5, 0.5]]}]}""", "layers[0].ranges")]
    [TestCase("""{"layers": [null]}""", "layers[0]")]
    [TestCase("""{"prerequisites": [{"experiment": "p"}]}""", "prerequisites[0].variants")]
    [TestCase("""{"url_patterns": [{"type": "glob", "pattern": "/"}]}""", "url_patterns[0].type")]
    [TestCase("""{"url_patterns": [{"type": "regex", "pattern": "("}]}""", "url_patterns[0].pattern")]
    [TestCase("""{"schedule": {"days": [0]}}""", "schedule.days")]
    [TestCase("""{"schedule": {"hours": [9]}}""", "schedule.hours")]
    [TestCase("""{"schedule": {"hours": [9, 9]}}""", "schedule.hours")]
    [TestCase("""{"schedule": {"time_zone": "Mars/Olympus"}}""", "schedule.time_zone")]
    [TestCase("""{"schedule": {"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}}""", "schedule.end")]
    [TestCase("""{"min_bucket_version": 1}""", "min_bucket_version")]
    public void Check_ABadDraft_NamesTheField(string members, string field) => Assert.That(Drafts.Problem(members)?.Field, Is.EqualTo(field));

    [TestCase("""{"redirect": "javascript:alert(1)"}""", "redirect")]
    [TestCase("""{"redirect": "/relative"}""", "redirect")]
    [TestCase("""{"redirect": "https://user:password@x.test/"}""", "redirect")]
    [TestCase("""{"redirect": "https://x.test/", "css": "b{}"}""", "redirect")]
    [TestCase("""{"changes": [{"selector": "a", "action": "set", "attribute": "onclick", "value": "x"}]}""", "changes[0].attribute")]
    [TestCase("""{"changes": [{"selector": "a", "action": "run", "attribute": "html", "value": "x"}]}""", "changes[0].action")]
    [TestCase("""{"changes": [{"selector": "a", "action": "set", "attribute": "html"}]}""", "changes[0].value")]
    [TestCase("""{"changes": [{"selector": "", "action": "remove", "attribute": "html"}]}""", "changes[0].selector")]
    public void Check_APageChangeThatIsNone_NamesTheField(string changes, string field) => Assert.That(
        Drafts.Problem($$"""{"variants": [{"key": "a"}, {"key": "b", "page_changes": {{changes}}}]}""")?.Field, Is.EqualTo($"variants[1].page_changes.{field}"));

    [Test]
    public void Check_MoreForcedUnitsThanAllowed_IsRefused()
    {
        var forced = string.Join(',', Enumerable.Range(0, 1_001).Select(i => $$"""{"unit_id": "u{{i}}", "variant": "control"}"""));
        Assert.That(Drafts.Problem($$"""{"forced": [{{forced}}]}""")?.Field, Is.EqualTo("forced"));
    }
}
