using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CroPlatform.Services.Statistics.Receive;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Calculations over HTTP, against figures of R, rpact, metafor, scipy and statsmodels.</summary>
public sealed class CalculationTests
{
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapCalculations();
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [TestCase("""{"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2}""", 8157.711562860035, TestName = "R's power.prop.test")]
    [TestCase("""{"kind": "conversion", "baseline": 0.1, "absolute_effect": -0.02}""", 3212.9292889575336, TestName = "a decrease, R's power.prop.test")]
    [TestCase("""{"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2, "two_sided": false}""", 6425.721824411101, TestName = "one-sided, R's power.prop.test")]
    [TestCase("""{"kind": "mean", "absolute_effect": 0.5, "standard_deviation": 1, "power": 0.9}""", 85.0312841373394, TestName = "R's power.t.test")]
    public async Task SampleSize_OfReferenceCases_IsTheReference(string body, double control)
    {
        var answer = await AnswerAsync("sample-size", body);
        Assert.That(answer.GetProperty("control_exact").GetDouble(), Is.EqualTo(control).Within(1e-8).Percent);
        Assert.That(answer.GetProperty("control").GetDouble(), Is.EqualTo(Math.Ceiling(control)));
        Assert.That(answer.GetProperty("total").GetDouble(), Is.EqualTo(2 * Math.Ceiling(control)));
        Assert.That(answer.GetProperty("missing").GetProperty("days").GetString(), Is.EqualTo("not_asked"));
    }

    [Test]
    public async Task SampleSize_WithLooksCovariateAndTraffic_PaysAndGainsForThem()
    {
        var answer = await AnswerAsync("sample-size", """
            {"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2, "looks": 5, "covariate_correlation": 0.6, "units_per_day": 1000}
            """);
        Assert.That(answer.GetProperty("sequential_inflation").GetDouble(), Is.EqualTo(1.02471987742899).Within(3e-6), "rpact");
        Assert.That(answer.GetProperty("control_exact").GetDouble(), Is.EqualTo(8157.711562860035 * 1.02471987742899 * (1 - 0.36)).Within(0.1));
        Assert.That(answer.GetProperty("days").GetDouble(), Is.EqualTo(answer.GetProperty("total").GetDouble() / 1000).Within(1e-9));
    }

    [Test]
    public async Task Significance_OfConversions_AgreesWithStatsmodels()
    {
        var answer = await AnswerAsync("significance", """
            {"kind": "conversion", "variants": [{"key": "a", "n": 1000, "conversions": 50}, {"key": "b", "n": 1000, "conversions": 70}]}
            """);
        Assert.That(answer.GetProperty("p_value").GetDouble(), Is.EqualTo(0.05968560553242628).Within(1e-12));
        var b = answer.GetProperty("variants")[1];
        Assert.That(b.GetProperty("p_value").GetDouble(), Is.EqualTo(0.05968560553242628).Within(1e-12));
        Assert.That(b.GetProperty("log_p_value").GetDouble(), Is.EqualTo(-2.818664401015774).Within(1e-9));
        Assert.That(b.GetProperty("lift").GetDouble(), Is.EqualTo(0.4).Within(1e-12));
        Assert.That(b.GetProperty("difference_interval")[0].GetDouble(), Is.EqualTo(-0.0007977946717953391).Within(1e-12));
        Assert.That(b.GetProperty("difference_interval")[1].GetDouble(), Is.EqualTo(0.04079779467179535).Within(1e-12));
        Assert.That(b.GetProperty("significant").GetBoolean(), Is.False);
        Assert.That(answer.GetProperty("variants")[0].GetProperty("missing").GetProperty("lift").GetString(), Is.EqualTo("control"));
        Assert.That(answer.GetProperty("variants")[0].GetProperty("missing").GetProperty("significant").GetString(), Is.EqualTo("control"));
    }

    [Test]
    public async Task Significance_OfMeans_AgreesWithScipy_AndTheControlIsTheOneThatSaysSo()
    {
        var answer = await AnswerAsync("significance", """
            {"kind": "mean", "variants": [
              {"key": "b", "n": 120, "mean": 10.6, "standard_deviation": 2.345207879911715},
              {"key": "a", "n": 100, "mean": 10, "standard_deviation": 2, "control": true}]}
            """);
        var b = answer.GetProperty("variants")[0];
        Assert.That(b.GetProperty("p_value").GetDouble(), Is.EqualTo(0.04176238305451616).Within(1e-10));
        Assert.That(b.GetProperty("lift_interval")[0].GetDouble(), Is.GreaterThan(0));
        Assert.That(b.GetProperty("difference_interval")[0].GetDouble(), Is.EqualTo(0.022575514872595126).Within(1e-9));
        Assert.That(b.GetProperty("significant").GetBoolean(), Is.True);
    }

    [Test]
    public async Task Significance_OfThreeArms_IsHolmAdjusted_AndAnArmWithoutUnitsNamesWhatIsMissing()
    {
        var answer = await AnswerAsync("significance", """
            {"kind": "conversion", "variants": [
              {"key": "a", "n": 1000, "conversions": 50}, {"key": "b", "n": 1000, "conversions": 72},
              {"key": "c", "n": 1000, "conversions": 90}, {"key": "d", "n": 0, "conversions": 0}]}
            """);
        var (b, c, d) = (answer.GetProperty("variants")[1], answer.GetProperty("variants")[2], answer.GetProperty("variants")[3]);
        Assert.That(b.GetProperty("adjusted_p_value").GetDouble(), Is.EqualTo(b.GetProperty("p_value").GetDouble()));
        Assert.That(c.GetProperty("adjusted_p_value").GetDouble(), Is.EqualTo(2 * c.GetProperty("p_value").GetDouble()).Within(1e-15));
        Assert.That(d.GetProperty("p_value").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(d.GetProperty("missing").EnumerateObject().Select(m => m.Name), Is.SupersetOf(new[] { "mean", "standard_error", "lift", "difference", "p_value" }));
    }

    [Test]
    public async Task SequentialPlan_OfFiveEqualLooks_AgreesWithRpact()
    {
        var answer = await AnswerAsync("sequential-plan", """{"looks": 5, "fixed_units": 10000}""");
        var looks = answer.GetProperty("looks").EnumerateArray().ToList();
        double[] bounds = [4.87688494879076, 3.3570119223441, 2.68028006440727, 2.28981676773401, 2.03103204345098];
        Assert.That(looks.Select(l => l.GetProperty("upper_bound").GetDouble()), Is.EqualTo(bounds).Within(2e-5));
        Assert.That(answer.GetProperty("inflation").GetDouble(), Is.EqualTo(1.02471987742899).Within(3e-6));
        Assert.That(answer.GetProperty("drift").GetDouble(), Is.EqualTo(2.83600124811981).Within(1e-5));
        Assert.That(looks[^1].GetProperty("units").GetDouble(), Is.EqualTo(10_248));
        Assert.That(looks[^1].GetProperty("alpha_spent").GetDouble(), Is.EqualTo(0.05).Within(1e-12));
        Assert.That(looks.Sum(l => l.GetProperty("stop_probability").GetDouble()), Is.EqualTo(0.8).Within(1e-6));
        Assert.That(looks[0].GetProperty("futility_bound").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public async Task SequentialPlan_WithFutility_MeetsAtTheLastLook()
    {
        var answer = await AnswerAsync("sequential-plan", """
            {"times": [0.3, 0.6, 1], "alpha": 0.025, "two_sided": false, "spending": "hwang_shih_decani", "spending_parameter": -4, "futility": "non_binding"}
            """);
        var last = answer.GetProperty("looks")[2];
        Assert.That(last.GetProperty("futility_bound").GetDouble(), Is.EqualTo(last.GetProperty("upper_bound").GetDouble()).Within(1e-6));
    }

    [Test]
    public async Task MetaAnalysis_OfSixEffects_AgreesWithMetafor()
    {
        const string effects = """
            "effects": [{"effect": 0.1, "standard_error": 0.17}, {"effect": 0.3, "standard_error": 0.11}, {"effect": 0.35, "standard_error": 0.22},
              {"effect": 0.65, "standard_error": 0.2}, {"effect": 0.45, "standard_error": 0.14}, {"effect": 0.15, "standard_error": 0.09}]
            """;
        var common = await AnswerAsync("meta-analysis", $$"""{"model": "fixed", {{effects}}}""");
        Assert.That(common.GetProperty("effect").GetDouble(), Is.EqualTo(0.27627987831255374).Within(1e-10));
        Assert.That(common.GetProperty("interval")[1].GetDouble(), Is.EqualTo(0.382984975976637).Within(1e-9));
        Assert.That(common.GetProperty("heterogeneity_p_value").GetDouble(), Is.EqualTo(0.14379480224117508).Within(1e-9));
        Assert.That(common.GetProperty("missing").GetProperty("shrunk").GetString(), Is.EqualTo("fixed_effect"));

        var spread = await AnswerAsync("meta-analysis", $$"""{"estimator": "dersimonian_laird", "hartung_knapp": false, {{effects}}}""");
        Assert.That(spread.GetProperty("effect").GetDouble(), Is.EqualTo(0.30032474914838697).Within(1e-9));
        Assert.That(spread.GetProperty("standard_error").GetDouble(), Is.EqualTo(0.07461341232992875).Within(1e-9));
        Assert.That(spread.GetProperty("shrunk")[3].GetProperty("effect").GetDouble(), Is.EqualTo(0.38065369285217665).Within(1e-7));
    }

    [TestCase("sample-size", "[]", "malformed_json", null)]
    [TestCase("sample-size", "null", "malformed_json", null)]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": "5%"}""", "wrong_type", "baseline")]
    [TestCase("sample-size", """{"baseline": 0.05, "relative_effect": 0.2}""", "missing", "kind")]
    [TestCase("sample-size", """{"kind": "median", "baseline": 0.05, "relative_effect": 0.2}""", "out_of_range", "kind")]
    [TestCase("sample-size", """{"kind": "conversion", "relative_effect": 0.2}""", "missing", "baseline")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 5, "relative_effect": 0.2}""", "out_of_range", "baseline")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.05}""", "missing", "relative_effect")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2, "absolute_effect": 0.01}""", "not_allowed", "relative_effect")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.6, "relative_effect": 0.9}""", "out_of_range", "relative_effect")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.05, "absolute_effect": 0}""", "out_of_range", "absolute_effect")]
    [TestCase("sample-size", """{"kind": "mean", "baseline": 1, "relative_effect": 0.2}""", "missing", "standard_deviation")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2, "power": 1}""", "out_of_range", "power")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2, "aplha": 0.1}""", "unknown_field", "aplha")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.05, "relative_effect": 1e999}""", "out_of_range", "relative_effect")]
    [TestCase("sample-size", """{"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2, "correction": null}""", "wrong_type", "correction")]
    [TestCase("significance", """{"kind": "conversion"}""", "missing", "variants")]
    [TestCase("significance", """{"kind": "conversion", "variants": [null, null]}""", "missing", "variants[0]")]
    [TestCase("significance", """{"kind": "conversion", "variants": [{"key": "a", "n": 9, "conversions": 3}]}""", "out_of_range", "variants")]
    [TestCase("significance", """{"kind": "conversion", "variants": [{"key": "a", "n": 9, "conversions": 3}, {"key": "b", "n": 9, "conversions": 10}]}""", "out_of_range", "variants[1].conversions")]
    [TestCase("significance", """{"kind": "conversion", "variants": [{"key": "a", "n": 9, "conversions": 3}, {"key": "a", "n": 9, "conversions": 1}]}""", "conflict", "variants[1].key")]
    [TestCase("significance", """{"kind": "mean", "variants": [{"key": "a", "n": 9, "mean": 3}, {"key": "b", "n": 9, "mean": 1}]}""", "missing", "variants[0].standard_deviation")]
    [TestCase("significance", """{"kind": "conversion", "variants": [{"key": "a", "n": 9, "conversions": 3, "x": 1}, {"key": "b", "n": 9, "conversions": 1}]}""", "unknown_field", "variants[0].x")]
    [TestCase("sequential-plan", "{}", "missing", "looks")]
    [TestCase("sequential-plan", """{"looks": 31}""", "out_of_range", "looks")]
    [TestCase("sequential-plan", """{"looks": 2, "times": [0.5, 1]}""", "not_allowed", "looks")]
    [TestCase("sequential-plan", """{"times": [0.5, 0.4, 1]}""", "out_of_range", "times[1]")]
    [TestCase("sequential-plan", """{"times": [0.5, 0.9]}""", "out_of_range", "times[1]")]
    [TestCase("sequential-plan", """{"looks": 2, "spending": "kim_demets"}""", "missing", "spending_parameter")]
    [TestCase("sequential-plan", """{"looks": 2, "futility": "yes"}""", "out_of_range", "futility")]
    [TestCase("meta-analysis", "{}", "missing", "effects")]
    [TestCase("meta-analysis", """{"effects": [{"effect": 1, "standard_error": 0}, {"effect": 1, "standard_error": 1}]}""", "out_of_range", "effects[0].standard_error")]
    [TestCase("meta-analysis", """{"model": "fixed", "estimator": "reml", "effects": [{"effect": 1, "standard_error": 1}, {"effect": 1, "standard_error": 1}]}""", "not_allowed", "estimator")]
    public async Task Calculation_OfABadField_NamesIt(string calculation, string body, string code, string? field)
    {
        using var response = await PostAsync(calculation, body);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(response.Content.Headers.ContentType!.MediaType, Is.EqualTo("application/problem+json"));
        var named = problem.TryGetProperty("field", out var at) ? at.GetString() : null;
        Assert.That((problem.GetProperty("code").GetString(), named), Is.EqualTo((code, field)));
    }

    private async Task<JsonElement> AnswerAsync(string calculation, string body)
    {
        using var response = await PostAsync(calculation, body);
        var text = await response.Content.ReadAsStringAsync();
        await TestContext.Out.WriteLineAsync(text);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<HttpResponseMessage> PostAsync(string calculation, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await _client.PostAsync(new Uri("/api/v1/statistics/" + calculation, UriKind.Relative), content);
    }
}
