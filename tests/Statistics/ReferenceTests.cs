using System.Globalization;
using System.Text.Json;

namespace CroPlatform.Statistics.Tests;

/// <summary>
/// Every case of reference/*.json: figures of independent implementations or published tables (each names its source),
/// computed by the scripts beside them, against this library. A case is a method, its arguments and the figures expected.
/// </summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods =
        new Dictionary<string, Func<JsonElement, Dictionary<string, double>>>[]
        {
            FrequentistCases.Methods,
            PowerCases.Methods,
            BayesianCases.Methods,
            SequentialCases.Methods,
            CombinationCases.Methods,
            TrustCases.Methods,
            CheckCases.Methods,
        }
        .SelectMany(methods => methods).ToDictionary();

    [TestCaseSource(nameof(Cases))]
    public void Figure_AgainstIndependentSource_Agrees(ReferenceCase reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var figures = Methods[reference.Method](reference.Args);
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, expected) in reference.Expect)
            {
                var tolerance = Math.Max(reference.Tolerance * Math.Abs(expected), reference.Absolute);
                Assert.That(figures[name], Is.EqualTo(expected).Within(tolerance), $"{name} by {reference.Source}");
            }
        }
    }

    [Test]
    public void Reference_AllFiles_HoldMoreThan300CasesAndTwoAMethod()
    {
        var cases = Cases().Select(data => (ReferenceCase)data.Arguments[0]!).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cases, Has.Length.GreaterThanOrEqualTo(300));
            foreach (var group in Methods.Keys.Select(method => (Method: method, Count: cases.Count(c => c.Method == method))))
                Assert.That(group.Count, Is.GreaterThanOrEqualTo(2), group.Method);
        }
    }

    public static IEnumerable<TestCaseData> Cases()
    {
        var folder = Path.Combine(TestContext.CurrentContext.TestDirectory, "reference");
        foreach (var file in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file));
            var number = 0;
            foreach (var item in document.RootElement.EnumerateArray())
            {
                var reference = new ReferenceCase(
                    item.GetProperty("method").GetString()!,
                    item.GetProperty("source").GetString()!,
                    item.GetProperty("args").Clone(),
                    item.GetProperty("expect").EnumerateObject().ToDictionary(p => p.Name, p => Number(p.Value)),
                    item.GetProperty("tolerance").GetDouble(),
                    item.TryGetProperty("absolute", out var absolute) ? absolute.GetDouble() : 0);
                yield return new TestCaseData(reference).SetName($"{Path.GetFileNameWithoutExtension(file)}_{++number:000}_{reference.Method}");
            }
        }
    }

    /// <summary>Numbers, or strings where a number has more range than a double's JSON (infinity) allows.</summary>
    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? double.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetDouble();
}

public sealed record ReferenceCase(
    string Method, string Source, JsonElement Args, IReadOnlyDictionary<string, double> Expect, double Tolerance, double Absolute)
{
    public override string ToString() => Method;
}
