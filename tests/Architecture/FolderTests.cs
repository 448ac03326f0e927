namespace CroPlatform.Architecture.Tests;

/// <summary>The way is seen in the tree: services use the same verbs for their folders.</summary>
public sealed class FolderTests
{
    private static readonly string[] Verbs = ["Receive", "Consume", "Check", "Route", "Fold", "Decide", "Learn", "Train", "Store", "Publish", "Serve"];

    private static IEnumerable<string> Services() => Directory.EnumerateDirectories(Path.Combine(Checkout.Root, "services")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Services))]
    public void Service_Folders_AreVerbs(string service)
    {
        var folders = Directory.EnumerateDirectories(Path.Combine(Checkout.Root, "services", service)).Select(d => Path.GetFileName(d)!).Except(["bin", "obj"]);
        Assert.That(folders, Is.SubsetOf(Verbs));
    }

    [TestCaseSource(nameof(Services))]
    public void Service_Program_IsShort(string service) =>
        Assert.That(File.ReadLines(Path.Combine(Checkout.Root, "services", service, "Program.cs")).Count(), Is.LessThanOrEqualTo(60));

    [Test]
    public void Folders_AreNamedAfterWhatTheyHold() =>
        Assert.That(
            new[] { "shared", "services", "deploy", "tests" }.SelectMany(f => Checkout.Files(f, "*.cs")).Select(f => Path.GetFileName(Path.GetDirectoryName(f))),
            Has.None.EqualTo("Utils").And.None.EqualTo("Helpers").And.None.EqualTo("Common"));
}
