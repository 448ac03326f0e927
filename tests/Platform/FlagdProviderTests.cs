using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>OpenFeature's own flagd providers, unmodified: the last that speaks the protocol's first version, and one that speaks its second.</summary>
[TestFixture("flagd-v1")]
[TestFixture("flagd-v2")]
public sealed class FlagdProviderTests(string provider) : FlagdFixture
{
    [Test]
    public async Task Provider_EveryType_GetsTheVariantOfThePlatform()
    {
        var units = Enumerable.Range(0, 20).Select(i => $"user {i}").ToArray();
        object Question(string type, string flag, object fallback, string unit) =>
            new { type, flag, @default = fallback, context = new { targetingKey = unit, country = "PL" } };
        var questions = units.SelectMany(u => new[]
        {
            Question("number", Number, -1, u), Question("string", Keyed, "none", u), Question("object", Targeted, new { }, u), Question("boolean", Stopped, true, u),
        });

        var details = (await AskAsync(questions))["details"]!.AsArray();

        for (var i = 0; i < units.Length; i++)
        {
            var own = await Platform.AssignAsync(units[i], new { country = "PL" }, Number, Keyed, Targeted, Stopped);
            for (var j = 0; j < own.Count; j++)
            {
                var theirs = details[4 * i + j]!;
                Assert.That((string?)theirs["variant"], Is.EqualTo((string?)own[j]!["variant"]));
                Assert.That((string?)theirs["reason"], Is.EqualTo(j == 3 ? "DISABLED" : "SPLIT"));
                var value = j == 1 ? own[j]!["variant"] : own[j]!["config"];
                Assert.That(JsonNode.DeepEquals(theirs["value"], value), Is.True, $"{theirs["value"]} is not {value}");
                Assert.That((string?)theirs["flagMetadata"]!["experiment"], Is.EqualTo((string?)own[j]!["experiment"]));
            }
        }
    }

    [Test]
    public async Task Provider_WhatHasNoValue_GivesTheCodesDefaultAndTheRightError()
    {
        var details = (await AskAsync(
        [
            new { type = "string", flag = "no such flag", @default = "d", context = new { targetingKey = "u" } },
            new { type = "boolean", flag = Keyed, @default = true, context = new { targetingKey = "u" } },
            new { type = "string", flag = Keyed, @default = "d", context = new { } },
            new { type = "object", flag = Targeted, @default = new { }, context = new { targetingKey = "u", country = "DE" } },
        ]))["details"]!.AsArray();

        Assert.That(details.Select(d => (string?)d!["errorCode"]), Is.EqualTo(new[] { "FLAG_NOT_FOUND", "TYPE_MISMATCH", "TYPE_MISMATCH", null }));
        Assert.That(details.Take(3).Select(d => d!["value"]!.ToJsonString()), Is.EqualTo(new[] { "\"d\"", "true", "\"d\"" }));
        Assert.That((string?)details[3]!["reason"], Is.EqualTo("DEFAULT"), "whom targeting leaves out gets the control");
        Assert.That((string?)details[3]!["value"]!["color"], Is.EqualTo("red"));
    }

    [Test]
    public async Task Provider_ExperimentIsStopped_IsToldAndAnswersAnew()
    {
        var flag = await StartAsync([new { key = "off", config = (object)false }, new { key = "on", config = (object)true }]);
        var treated = await UnitInAsync(flag, "on");

        var seen = await AskAsync(
            [new { type = "boolean", flag, @default = false, context = new { targetingKey = treated } }],
            new { url = $"{Platform.Public}/api/v1/experiments/{flag}/stop", key = Platform.AdminKey, flag });

        Assert.That(seen["details"]!.AsArray().Select(d => (d!["value"]!.GetValue<bool>(), (string?)d["reason"])), Is.EqualTo(new[] { (true, "SPLIT") }));
        Assert.That(seen["changed"]!.AsArray().Select(key => (string?)key), Does.Contain(flag));
        Assert.That(seen["after"]!.AsArray().Select(d => (d!["value"]!.GetValue<bool>(), (string?)d["reason"])), Is.EqualTo(new[] { (false, "DISABLED") }));
    }

    private Task<JsonNode> AskAsync(IEnumerable<object> questions, object? stop = null)
    {
        var address = Platform.Text("flagd").Split(':');
        return NodeClient.RunAsync(provider, "../flagd.mjs", new { host = address[0], port = int.Parse(address[1]), questions, stop });
    }
}
