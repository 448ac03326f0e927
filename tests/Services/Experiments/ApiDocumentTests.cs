using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Serve.OpenApi;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class ApiDocumentTests
{
    private static readonly JsonSerializerOptions Strict = new(JsonBody.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private static IEnumerable<TestCaseData> WithBodies() =>
        ApiDocument.Operations.Where(o => o.Body is not null).Select(o => new TestCaseData(o).SetArgDisplayNames($"{o.Method} {o.Path}"));

    [TestCaseSource(nameof(WithBodies))]
    public void Example_OfABody_HasTheMembersOfItsRecord(object operation)
    {
        var described = (Operation)operation;
        Assert.That(described.Example, Is.Not.Null, "every body has an example");
        Assert.That(() => JsonSerializer.Deserialize(described.Example!, described.Body!, Strict), Throws.Nothing);
    }

    [Test]
    public void Document_NamesEachOperationOnce_AndResolvesEveryReference()
    {
        var document = ApiDocument.Build();
        var ids = document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).Select(o => (string?)o.Value!["operationId"]).ToList();
        Assert.That(ids, Is.Unique.And.Count.EqualTo(ApiDocument.Operations.Count));
        foreach (var reference in References(document)) Assert.That(Resolve(document, reference), Is.Not.Null, reference);
    }

    [Test]
    public void DocumentInDocs_IsTheOneThatIsServed()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CroPlatform.sln"))) folder = folder.Parent!;
        var kept = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.FullName, "docs", "openapi.json")));
        Assert.That(JsonNode.DeepEquals(kept, JsonNode.Parse(ApiDocument.Build().ToJsonString())), Is.True, "fetch /api/v1/openapi.json anew into docs/openapi.json");
    }

    private static JsonNode? Resolve(JsonNode document, string reference) => reference.Split('/')[1..].Aggregate(
        (JsonNode?)document, (node, part) => node is JsonArray array ? array[int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)] : node?[part]);

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(m => m.Key == "$ref" && m.Value is JsonValue ? [(string)m.Value!] : References(m.Value)),
        JsonArray array => array.SelectMany(References),
        _ => [],
    };
}
