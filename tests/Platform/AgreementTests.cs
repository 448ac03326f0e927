using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Client;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Experimentation.Evaluation;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CroPlatform.Platform.Tests;

/// <summary>The service, the .NET client and GrowthBook's JavaScript SDK give every unit the same variant of every experiment.</summary>
public sealed class AgreementTests
{
    private const int Units = 10_000;
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task HundredThousandPairs_ServerClientAndGrowthBook_AgreeOnEveryOne()
    {
        var keys = await PublishAsync();
        var random = new Random(20_261_121);
        var users = Enumerable.Range(0, Units).Select(_ => new User(
            Printable(random), Printable(random), random.Next(3) == 0 ? "DE" : "PL", random.Next(40))).ToArray();

        var server = await ServerAsync(keys, users);
        var client = await ClientAsync(keys, users);
        var growthBook = await GrowthBookAsync(keys, users);

        for (var i = 0; i < Units; i++)
        {
            for (var k = 0; k < keys.Length; k++)
            {
                if (server[i][k] == client[i][k] && server[i][k] == growthBook[i][k]) continue;
                Assert.Fail($"{keys[k]} for {users[i]}: the service gives {server[i][k]}, the client {client[i][k]}, GrowthBook {growthBook[i][k]}");
            }
        }

        for (var k = 0; k < keys.Length; k++)
        {
            Assert.That(server.Select(row => row[k]).Distinct().Count(), Is.GreaterThan(1), $"{keys[k]} would agree with a constant, too");
        }
    }

    /// <summary>Ten experiments with all that may decide: coverage, weights, targeting, pages, layers, a holdout, prerequisites, forced units, other units.</summary>
    private static async Task<string[]> PublishAsync()
    {
        var run = TestPlatform.Unique("agree");
        await Platform.CreateMetricAsync(run, "conversion", "purchase");
        var two = new[] { new { key = "a", weight = 0.5 }, new { key = "b", weight = 0.5 } };
        var three = new[] { new { key = "a", weight = 0.2 }, new { key = "b", weight = 0.3 }, new { key = "c", weight = 0.5 } };
        (string Name, object Definition)[] experiments =
        [
            ("plain", new { variants = two }),
            ("weights", new { variants = three, coverage = 0.37 }),
            ("targeted", new { variants = three, targeting = new { country = "PL", age = new Dictionary<string, object> { ["$gte"] = 18, ["$lt"] = 35 } } }),
            ("pages", new { variants = two, url_patterns = new[] { new { type = "simple", pattern = "/shop/*" } } }),
            ("layered-1", new { variants = two, layers = new object[] { new { key = run, ranges = new[] { new[] { 0.0, 0.4 } } } } }),
            ("layered-2", new { variants = three, layers = new object[] { new { key = run, ranges = new[] { new[] { 0.4, 0.9 } } } } }),
            ("held", new { variants = two, holdouts = new[] { $"{run}-holdout" } }),
            ("after", new { variants = two, prerequisites = new[] { new { experiment = $"{run}-weights", variants = new[] { "b", "c" } } } }),
            ("user", new { unit = "user", variants = three, coverage = 0.8 }),
            ("rollout", new { kind = "rollout", coverage = 0.25, variants = new[] { new { key = "off", config = false }, new { key = "on", config = true } } }),
        ];
        await Platform.PublishAsync($"{run}-holdout", run, new { kind = "holdout", holdout = 0.1 });
        foreach (var (name, definition) in experiments) await Platform.PublishAsync($"{run}-{name}", run, definition);
        string[] keys = [.. experiments.Select(e => $"{run}-{e.Name}")];
        await TestPlatform.EventuallyAsync(
            () => Platform.AssignAsync("u", new { user_id = "u" }, keys),
            answers => answers.All(a => (string?)a!["reason"] is not ("unknown_experiment" or "not_running")), "the service knows them");
        return keys;
    }

    private static async Task<string?[][]> ServerAsync(string[] keys, User[] users)
    {
        var answers = new List<string?[]>();
        foreach (var chunk in users.Chunk(500))
        {
            var batch = new AssignBatchRequest();
            batch.Requests.AddRange(chunk.Select(u => new AssignRequest { UnitId = u.Visitor, AttributesJson = ByteString.CopyFromUtf8(u.Json), Experiments = { keys } }));
            var reply = await Platform.Assignments.AssignBatchAsync(batch);
            answers.AddRange(reply.Replies.Select(r => r.Assignments.Select(a => (string?)a.Variant).ToArray()));
        }

        return [.. answers];
    }

    private static async Task<string?[][]> ClientAsync(string[] keys, User[] users)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddCroClient(new CroClientOptions
        {
            Assignment = new Uri("http://" + Platform.Service("assignment", "grpc")),
            Events = new Uri(Platform.Public),
            ServerKey = Platform.ServerKey,
        });
        using var host = builder.Build();
        await host.StartAsync();
        var client = host.Services.GetRequiredService<CroClient>();
        await client.Ready.WaitAsync(TimeSpan.FromSeconds(30));
        var answers = new string?[users.Length][];
        await Parallel.ForAsync(0, users.Length, async (i, _) =>
        {
            var context = new EvaluationContext { VisitorId = users[i].Visitor, UserId = users[i].Account, Attributes = users[i].Attributes };
            answers[i] = new string?[keys.Length];
            for (var k = 0; k < keys.Length; k++) answers[i][k] = (await client.AssignAsync(keys[k], context)).Variant;
        });
        await host.StopAsync();
        return answers;
    }

    private static async Task<string?[][]> GrowthBookAsync(string[] keys, User[] users)
    {
        var payload = await Platform.Http.GetFromJsonAsync<JsonNode>($"/api/features/{Platform.WriteKey}");
        var values = await NodeClient.RunAsync("growthbook", "agree.mjs", new { payload, features = keys, users = users.Select(u => u.Attributes) });
        return [.. values.AsArray().Select(row => row!.AsArray().Select(Variant).ToArray())];

        // A flag's value is its variant's key, or the configuration of the rollout's.
        static string? Variant(JsonNode? value) => value?.GetValueKind() switch
        {
            JsonValueKind.True => "on",
            JsonValueKind.False => "off",
            _ => (string?)value,
        };
    }

    private static string Printable(Random random) => new([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (char)random.Next(' ', 127))]);

    private sealed record User(string Visitor, string Account, string Country, int Age)
    {
        public JsonElement Attributes { get; } = JsonSerializer.SerializeToElement(new
        {
            id = Visitor,
            user_id = Account,
            country = Country,
            age = Age,
            url = Age % 2 == 0 ? "https://example.com/shop/shoes" : "https://example.com/blog",
        });

        public string Json => Attributes.GetRawText();
    }
}
