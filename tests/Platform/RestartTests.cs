using System.Diagnostics;

namespace CroPlatform.Platform.Tests;

/// <summary><c>./cro down</c> and <c>up</c>, <c>backup</c> and <c>restore</c>, on a platform of its own, with servers of its own.</summary>
public sealed class RestartTests
{
    private static readonly Dictionary<string, string?> OwnServers = new() { ["CRO_KAFKA"] = null, ["CRO_POSTGRES"] = null, ["CRO_REDIS"] = null };

    private string _folder = null!;

    [SetUp]
    public void Begin() => _folder = Directory.CreateTempSubdirectory("cro-restart-").FullName;

    [TearDown]
    public async Task End()
    {
        await CroAsync("down");
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task Events_AcknowledgedBeforeTheEnd_AreCountedAfterUpAndInARestoredBackup()
    {
        const int InLog = 500, InSpool = 100;
        await CroAsync("up", "--port", "0");

        // With nobody to count them, they are nowhere but in the log, and the last of them in the spool alone.
        await CroAsync("kill", "statistics");
        await SendAsync(0, InLog);
        await CroAsync("kill", "broker");
        await SendAsync(InLog, InLog + InSpool);
        var backup = Path.Combine(_folder, "backup");
        var clock = Stopwatch.StartNew();
        await CroAsync("backup", backup);
        var copied = clock.Elapsed;
        await CroAsync("down");
        await CroAsync("up");
        await AssertCountedAsync(_folder, InLog + InSpool);
        await CroAsync("down");

        var restored = Path.Combine(_folder, "restored");
        clock.Restart();
        await TestPlatform.CroInAsync(restored, OwnServers, "restore", backup);
        var unpacked = clock.Elapsed;
        try
        {
            await TestPlatform.CroInAsync(restored, OwnServers, "up", "--port", "0");
            await AssertCountedAsync(restored, InLog + InSpool);
            await TestContext.Out.WriteLineAsync(
                $"measured: backup {copied.TotalSeconds:0.0} s; restore {unpacked.TotalSeconds:0.0} s, everything counted {clock.Elapsed.TotalSeconds:0.0} s after its start");
        }
        finally
        {
            await TestPlatform.CroInAsync(restored, OwnServers, "down");
        }
    }

    private async Task SendAsync(int from, int to)
    {
        var events = Enumerable.Range(from, to - from).Select(i => new { id = $"e{i}", type = "page_view", visitor_id = $"v{i}" });
        var answer = await Platform().SendEventsAsync([.. events]);
        Assert.That((int)answer["accepted"]!, Is.EqualTo(to - from));
    }

    private static async Task AssertCountedAsync(string folder, int events)
    {
        var platform = new TestPlatform(Path.Combine(folder, "endpoints.json"));
        await TestPlatform.EventuallyAsync(
            async () => (int)(await platform.AdminAsync(HttpMethod.Get, "/api/v1/statistics/balance"))["counted"]!, counted => counted == events, "every event is counted");
    }

    private TestPlatform Platform() => new(Path.Combine(_folder, "endpoints.json"));

    private Task<string> CroAsync(params string[] words) => TestPlatform.CroInAsync(_folder, OwnServers, words);
}
