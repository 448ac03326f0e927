using System.Diagnostics;

namespace CroPlatform.Platform.Tests;

/// <summary>
/// The short part of the chaos suite (tests/Bench/Chaos) on a platform of its own: statistics killed at each of the five points round a commit, each
/// server killed, Redis emptied, a COMMIT's answer cut off, broken records in every partition; then the ledger is compared with what is stored.
/// </summary>
public sealed class ChaosTests
{
    private static readonly Dictionary<string, string?> OwnServers = new() { ["CRO_KAFKA"] = null, ["CRO_POSTGRES"] = null, ["CRO_REDIS"] = null };

    private string _folder = null!;

    [SetUp]
    public async Task Begin()
    {
        _folder = Directory.CreateTempSubdirectory("cro-chaos-").FullName;
        await TestPlatform.CroInAsync(_folder, OwnServers, "up", "--port", "0");
    }

    [TearDown]
    public async Task End()
    {
        await TestPlatform.CroInAsync(_folder, OwnServers, "down");
        Directory.Delete(_folder, recursive: true);
    }

    [TestCase(1)]
    public async Task Ledger_AfterEachKindOfFault_HoldsEveryRule(int seed)
    {
        var own = TestContext.CurrentContext.TestDirectory;
        var bench = own.Replace(Path.Combine("tests", "Platform"), Path.Combine("tests", "Bench"), StringComparison.Ordinal);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(bench, "CroPlatform.Bench.dll"), "chaos", $"seed={seed}", "short=1", "rate=300"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["CRO_ENDPOINTS"] = Path.Combine(_folder, "endpoints.json");
        using var process = Process.Start(start)!;
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero, await said + await complained);
        TestContext.Out.WriteLine(await said);
    }
}
