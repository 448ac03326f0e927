namespace CroPlatform.Platform.Tests;

/// <summary><c>./cro down</c> and <c>./cro up</c> on a platform of its own, with servers of its own.</summary>
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
    public async Task Events_AcknowledgedBeforeDown_AreCountedAfterUp()
    {
        const int Events = 500;
        await CroAsync("up", "--port", "0");

        // With nobody to count them, they are nowhere but in the log when everything ends.
        await CroAsync("kill", "statistics");
        var events = Enumerable.Range(0, Events).Select(i => new { id = $"e{i}", type = "page_view", visitor_id = $"v{i}" });
        var answer = await Platform().SendEventsAsync([.. events]);
        Assert.That((int)answer["accepted"]!, Is.EqualTo(Events));
        await CroAsync("down");
        await CroAsync("up");
        var platform = Platform();
        await TestPlatform.EventuallyAsync(
            async () => (int)(await platform.AdminAsync(HttpMethod.Get, "/api/v1/statistics/balance"))["counted"]!,
            counted => counted == Events,
            "every event is counted");
    }

    private TestPlatform Platform() => new(Path.Combine(_folder, "endpoints.json"));

    private Task<string> CroAsync(params string[] words) => TestPlatform.CroInAsync(_folder, OwnServers, words);
}
