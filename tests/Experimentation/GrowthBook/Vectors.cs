using System.Text.Json;

namespace CroPlatform.Experimentation.Tests.GrowthBook;

/// <summary>GrowthBook's own conformance cases, one NUnit case each. decrypt (encrypted payloads) and contextualBandit are left out.</summary>
internal static class Vectors
{
    private static readonly JsonElement Cases = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "vectors", "growthbook-cases.json"))).RootElement;

    public static IEnumerable<TestCaseData> Of(string kind) =>
        Cases.GetProperty(kind).EnumerateArray().Select((c, i) => new TestCaseData(c).SetArgDisplayNames($"{i}: {c[0]}"));

    public static int Count(string kind) => Cases.GetProperty(kind).GetArrayLength();

    public static IEnumerable<string> Kinds => Cases.EnumerateObject().Select(k => k.Name);
}
