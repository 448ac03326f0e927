using System.Text.Json.Serialization;
using CroPlatform.Client;
using CroPlatform.Experimentation.Evaluation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CroPlatform.Platform.Tests;

/// <summary>The .NET client: decides as the service does, sends what was exposed, and goes on when the platform is away.</summary>
public sealed class ClientTests
{
    private const string Nowhere = "http://127.0.0.1:1";
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private string _experiment = "";
    private string _inside = "";
    private string _folder = "";

    [OneTimeSetUp]
    public async Task PublishAsync()
    {
        _folder = Directory.CreateTempSubdirectory("cro-client-").FullName;
        _experiment = TestPlatform.Unique("client");
        await Platform.CreateMetricAsync(_experiment, "conversion", _experiment);
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
        {
            key = _experiment,
            name = _experiment,
            coverage = 0.9,
            targeting = new { country = "PL" },
            variants = new[] { new { key = "a", config = new { price = 9.5 } }, new { key = "b", config = new { price = 8.0 } } },
            metrics = new[] { new { key = _experiment } },
            decision = new { method = "fixed", min_sample = 1 },
        });
        await Platform.TransitAsync(_experiment, "start");
        _inside = await TestPlatform.EventuallyAsync(CoveredAsync, unit => unit.Length > 0, "the experiment reaches the service");

        async Task<string> CoveredAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                if ((bool)(await Platform.AssignAsync($"u{i}", new { country = "PL" }, _experiment))[0]!["in_experiment"]!) return $"u{i}";
            }

            return "";
        }
    }

    [OneTimeTearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Assign_ManyUnits_IsWhatTheServiceAnswers()
    {
        await using var client = await ConnectAsync();
        for (var i = 0; i < 300; i++)
        {
            var country = i % 5 == 0 ? "DE" : "PL";
            var own = await client.Cro.AssignAsync(_experiment, new EvaluationContext { VisitorId = $"unit {i}" }.WithAttributes(new { country }));
            var answer = (await Platform.AssignAsync($"unit {i}", new { country }, _experiment))[0]!;
            Assert.That(
                (own.Variant, own.InExperiment, own.Reason, own.Version),
                Is.EqualTo(((string?)answer["variant"], (bool)answer["in_experiment"]!, (string)answer["reason"]!, (int)answer["version"]!)));
            Assert.That(own.Value(new Price(0)).Amount, Is.EqualTo((double)answer["config"]!["price"]!));
        }
    }

    [Test]
    public async Task Expose_TheSameUnitOften_CountsOnce()
    {
        var visitor = TestPlatform.Unique("exposed");
        long before;
        await using (var client = await ConnectAsync())
        {
            before = (long)(await Platform.ResultsAsync(_experiment))["exposures"]!;
            await Parallel.ForAsync(0, 200, async (i, _) =>
            {
                var context = new EvaluationContext { VisitorId = $"{visitor}-{i % 50}" }.WithAttributes(new { country = "PL" });
                client.Cro.Expose(await client.Cro.AssignAsync(_experiment, context), context);
            });
        }

        var taking = 0;
        for (var i = 0; i < 50; i++)
        {
            if ((bool)(await Platform.AssignAsync($"{visitor}-{i}", new { country = "PL" }, _experiment))[0]!["in_experiment"]!) taking++;
        }

        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(_experiment), r => (long)r["exposures"]! == before + taking, $"{taking} exposures are counted");
    }

    [Test]
    public async Task Assign_ServiceAway_DecidesFromTheBootstrapFile()
    {
        var file = Path.Combine(_folder, "bootstrap");
        Assigned before;
        await using (var client = await ConnectAsync(o => o with { BootstrapFile = file })) before = await AskAsync(client);

        await using var away = await ConnectAsync(o => o with { BootstrapFile = file, Assignment = new Uri(Nowhere) });

        Assert.That(await AskAsync(away), Is.EqualTo(before).Using<Assigned>((a, b) => a.Variant == b.Variant && a.InExperiment == b.InExperiment));
    }

    [Test]
    public async Task Assign_ServiceNeverSeen_GivesTheFallbackAndSaysStale()
    {
        await using var client = Start(o => o with { Assignment = new Uri(Nowhere), BootstrapFile = Path.Combine(_folder, "none") });

        var assigned = await AskAsync(client);

        Assert.That((assigned.Variant, assigned.InExperiment, assigned.Reason), Is.EqualTo(((string?)null, false, "stale")));
        Assert.That(assigned.Value(new Price(7)).Amount, Is.EqualTo(7));
    }

    [Test]
    public async Task Assign_OldBootstrapAndNobodyThere_GivesTheControl()
    {
        var file = Path.Combine(_folder, "old");
        await using (await ConnectAsync(o => o with { BootstrapFile = file }))
        {
            await TestPlatform.EventuallyAsync(() => Task.FromResult(File.Exists(file)), written => written, "the file is written");
        }

        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-1));
        await using var client = await ConnectAsync(o => o with { BootstrapFile = file, Assignment = new Uri(Nowhere), MaxStaleness = TimeSpan.FromMinutes(5) });

        var assigned = await AskAsync(client);
        Assert.That((assigned.Variant, assigned.InExperiment, assigned.Reason), Is.EqualTo(("a", false, "stale")));
    }

    [Test]
    public async Task Assign_ServiceKilledAndBack_FollowsChangesAgain()
    {
        var key = TestPlatform.Unique("client");
        await using var client = await ConnectAsync();
        await Platform.CroAsync("kill", "assignment");
        Assert.That((await AskAsync(client)).Reason, Is.EqualTo("split"), "what is known goes on deciding");
        await Platform.CroAsync("up");

        await Platform.StartExperimentAsync(key, "platform", ["a", "b"], _experiment);
        await TestPlatform.EventuallyAsync(
            async () => await client.Cro.AssignAsync(key, new EvaluationContext { VisitorId = "u" }), a => a.InExperiment, "the client hears of it");
    }

    [Test]
    public void AddCroClient_OptionsThatCannotWork_SaysWhatToSet() => Assert.That(
        () => new ServiceCollection().AddCroClient(new CroClientOptions { Events = new Uri(Nowhere), ServerKey = "k" }),
        Throws.Exception.With.Message.Contains("Cro:Assignment"));

    private async Task<Assigned> AskAsync(RunningClient client) =>
        await client.Cro.AssignAsync(_experiment, new EvaluationContext { VisitorId = _inside }.WithAttributes(new { country = "PL" }));

    private async Task<RunningClient> ConnectAsync(Func<CroClientOptions, CroClientOptions>? change = null)
    {
        var client = Start(change);
        await client.Cro.Ready.WaitAsync(Limit);
        if (change is null) await TestPlatform.EventuallyAsync(() => AskAsync(client), a => a.Reason != "unknown_experiment", "the experiment arrives");
        return client;
    }

    private static RunningClient Start(Func<CroClientOptions, CroClientOptions>? change)
    {
        var options = new CroClientOptions
        {
            Assignment = new Uri("http://" + Platform.Service("assignment", "grpc")),
            Events = new Uri(Platform.Public),
            ServerKey = Platform.ServerKey,
            Linger = TimeSpan.FromMilliseconds(20),
        };
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddCroClient(change?.Invoke(options) ?? options);
        var host = builder.Build();
        host.Start();
        return new RunningClient(host);
    }

    private sealed class RunningClient(IHost host) : IAsyncDisposable
    {
        public CroClient Cro { get; } = host.Services.GetRequiredService<CroClient>();

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            if (host is IAsyncDisposable disposable) await disposable.DisposeAsync();
        }
    }

    private sealed record Price([property: JsonPropertyName("price")] double Amount);
}
