using System.Runtime.CompilerServices;
using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Tests.Experiments;

/// <summary>The examples of docs/examples are what they say they are.</summary>
public sealed class ExampleTests
{
    private static IEnumerable<string> Files() => Directory.EnumerateFiles(Folder(), "*.json").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Files))]
    public void Example_OfAKind_IsAccepted(string kind)
    {
        var request = JsonSerializer.Deserialize<ExperimentRequest>(File.ReadAllText(Path.Combine(Folder(), $"{kind}.json")), JsonBody.Options)!;
        var problems = new FieldProblems();
        var draft = VariantDesign.Complete(request, problems);
        Assert.That(problems.All.Concat(ExperimentRules.Check(draft)), Is.Empty);
        Assert.That(draft.Kind ?? "ab", Is.EqualTo(kind));
    }

    [Test]
    public void Examples_AreThereForEveryKind() => Assert.That(Files(), Is.EquivalentTo(ExperimentKinds.Names));

    private static string Folder([CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../docs/examples");
}
