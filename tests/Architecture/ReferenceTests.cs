using System.Xml.Linq;

namespace CroPlatform.Architecture.Tests;

/// <summary>Which project may reference which: the table of docs/architecture.md.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Experimentation"] = [],
        ["Statistics"] = [],
        ["Grpc"] = [],
        ["Files"] = [],
        ["Bandits"] = ["Statistics", "Experimentation"],
        ["Learning"] = ["Statistics", "Experimentation"],
        ["Contracts"] = ["Experimentation", "Grpc"],
        ["Kafka"] = ["Contracts", "Grpc"],
        ["Postgres"] = ["Contracts", "Grpc"],
        ["Redis"] = ["Contracts", "Grpc"],
        ["Commands"] = ["Contracts", "Grpc"],
        ["ServiceDefaults"] = ["Contracts", "Grpc"],
        ["Client"] = ["Contracts", "Experimentation", "Grpc"],
    };

    /// <summary>Each edge wraps one technology: its package is referenced there and nowhere else in shared/ and services/.</summary>
    private static readonly Dictionary<string, string> Owners = new()
    {
        ["Confluent.Kafka"] = "Kafka",
        ["Npgsql"] = "Postgres",
        ["Dapper"] = "Postgres",
        ["StackExchange.Redis"] = "Redis",
        ["MassTransit"] = "Commands",
        ["Quartz"] = "Commands",
        ["OpenTelemetry"] = "ServiceDefaults",
        ["MathNet.Numerics"] = "Statistics",
    };

    private static readonly string[] PureProjects = ["Experimentation", "Statistics", "Bandits", "Learning"];

    private static IEnumerable<TestCaseData> SharedProjects() => Projects("shared").Select(p => new TestCaseData(p).SetArgDisplayNames(Name(p)));

    private static IEnumerable<TestCaseData> Services() => Projects("services").Concat(Projects("deploy")).Select(p => new TestCaseData(p).SetArgDisplayNames(Name(p)));

    [TestCaseSource(nameof(SharedProjects))]
    public void SharedProject_References_OnlyWhatTheTableAllows(string project)
    {
        var name = Name(project)["CroPlatform.".Length..];
        Assert.That(Allowed, Does.ContainKey(name), "a new shared project needs its row in the table");
        Assert.That(References(project).Select(r => r["CroPlatform.".Length..]), Is.SubsetOf(Allowed[name]));
    }

    [TestCaseSource(nameof(Services))]
    public void Process_References_NoOtherService(string project) =>
        Assert.That(References(project), Has.None.StartsWith("CroPlatform.Services."));

    [TestCaseSource(nameof(SharedProjects))]
    public void SharedProject_Packages_BelongToTheFolderNamedAfterThem(string project)
    {
        foreach (var package in Packages(project).Where(Owners.ContainsKey)) Assert.That(Name(project), Is.EqualTo($"CroPlatform.{Owners[package]}"), package);
    }

    [TestCaseSource(nameof(SharedProjects))]
    public void PureProject_IsBuiltWithOverflowChecks_AndNamesNoClockChanceOrIo(string project)
    {
        var name = Name(project)["CroPlatform.".Length..];
        if (!PureProjects.Contains(name)) return;
        Assert.That(XDocument.Load(project).Descendants("CheckForOverflowUnderflow").Select(e => e.Value), Is.EqualTo(new[] { "true" }));
        string[] forbidden = ["DateTime.Now", "DateTime.UtcNow", "DateTimeOffset.UtcNow", "new Random()", "Random.Shared", "Guid.NewGuid", "System.IO", "HttpClient", "Thread.Sleep"];
        foreach (var file in Checkout.Files(Path.GetRelativePath(Checkout.Root, Path.GetDirectoryName(project)!), "*.cs"))
        {
            var text = File.ReadAllText(file);
            Assert.That(forbidden.Where(f => text.Contains(f, StringComparison.Ordinal)), Is.Empty, file);
        }
    }

    private static IEnumerable<string> Projects(string folder) => Checkout.Files(folder, "CroPlatform.*.csproj").Order(StringComparer.Ordinal);

    private static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(project).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));

    private static IEnumerable<string> Packages(string project) => XDocument.Load(project).Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value);
}
