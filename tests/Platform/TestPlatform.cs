using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;
using Grpc.Net.Client;

namespace CroPlatform.Platform.Tests;

/// <summary>The running platform that <c>./cro test</c> names in CRO_ENDPOINTS, as its clients and its operator see it.</summary>
internal sealed class TestPlatform
{
    public static readonly TestPlatform Current = new(Environment.GetEnvironmentVariable("CRO_ENDPOINTS")
        ?? throw new InvalidOperationException("CRO_ENDPOINTS is not set: run the tests by ./cro test, or name a running platform's endpoints.json"));

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static long _names;

    private readonly string _file;
    private readonly JsonElement _endpoints;

    /// <param name="file">Its endpoints.json.</param>
    public TestPlatform(string file)
    {
        _file = file;
        _endpoints = JsonDocument.Parse(File.ReadAllText(_file)).RootElement;
        Http = new HttpClient { BaseAddress = new Uri(Text("public")), Timeout = TimeSpan.FromSeconds(30) };
        Channel = GrpcChannel.ForAddress("http://" + Service("assignment", "grpc"));
    }

    public HttpClient Http { get; }
    public GrpcChannel Channel { get; }
    public string WriteKey => Text("write_key");
    public string ServerKey => Text("server_key");
    public string AdminKey => Text("admin_key");
    public string Kafka => Text("kafka");
    public string Postgres => Text("postgres");
    public string Public => Text("public");

    /// <summary>Its data folder.</summary>
    public string Folder => Path.GetDirectoryName(_file)!;

    /// <summary>With the site's server key.</summary>
    public AssignmentService.AssignmentServiceClient Assignments => new(Channel.WithKey(ServerKey));

    public string Service(string name, string protocol) => _endpoints.GetProperty("services").GetProperty(name).GetProperty(protocol).GetString()!;

    public string Text(string name) => _endpoints.GetProperty(name).GetString()!;

    /// <summary>A name that no other test of this run uses.</summary>
    public static string Unique(string prefix) => $"{prefix}-{Environment.ProcessId:x}-{Interlocked.Increment(ref _names)}";

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? key, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await Http.SendAsync(request);
    }

    /// <summary>As the site's admin; fails on any answer that is no success.</summary>
    public async Task<JsonNode> AdminAsync(HttpMethod method, string path, object? body = null)
    {
        using var response = await SendAsync(method, path, AdminKey, body is null ? null : JsonContent.Create(body));
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.IsSuccessStatusCode, Is.True, $"{method} {path} answered {(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Sends events until they are answered, whatever happens to the services meanwhile.</summary>
    public async Task<JsonNode> SendEventsAsync(IReadOnlyList<object> events)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var response = await SendAsync(HttpMethod.Post, "/v1/events", WriteKey, JsonContent.Create(new { events }));
                if (response.StatusCode == HttpStatusCode.Accepted) return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
                Assert.That((int)response.StatusCode, Is.GreaterThanOrEqualTo(500), await response.Content.ReadAsStringAsync());
            }
            catch (HttpRequestException) when (clock.Elapsed < Limit)
            {
                // The door or the gateway is being restarted.
            }

            Assert.That(clock.Elapsed, Is.LessThan(Limit), "events were not taken in time");
            await Task.Delay(100);
        }
    }

    public async Task CreateMetricAsync(string key, string kind, string @event, object? more = null)
    {
        var metric = JsonSerializer.SerializeToNode(new { key, kind, @event, direction = "increase" })!.AsObject();
        if (more is not null)
        {
            foreach (var (name, value) in JsonSerializer.SerializeToNode(more)!.AsObject()) metric[name] = value?.DeepClone();
        }

        await AdminAsync(HttpMethod.Post, "/api/v1/metrics", metric);
    }

    public async Task StartExperimentAsync(string key, string assignment, string[] variants, params string[] metrics)
    {
        await AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
        {
            key,
            name = key,
            unit = "visitor",
            assignment,
            variants = variants.Select(v => new { key = v, name = v, weight = 1.0 / variants.Length }),
            metrics = metrics.Select(m => new { key = m }),
            decision = new { method = "fixed", confidence = 0.95, min_effect = 0, min_sample = 10, min_days = 0 },
        });
        await TransitAsync(key, "start");
    }

    /// <summary>Makes and starts an experiment of this definition, which leaves out key, name and metrics.</summary>
    public async Task PublishAsync(string key, string metric, object definition)
    {
        var body = JsonSerializer.SerializeToNode(definition)!.AsObject();
        (body["key"], body["name"], body["metrics"]) = (key, key, new JsonArray(new JsonObject { ["key"] = metric }));
        await AdminAsync(HttpMethod.Post, "/api/v1/experiments", body);
        await TransitAsync(key, "start");
    }

    public Task<JsonNode> TransitAsync(string experiment, string transition) => AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{experiment}/{transition}");

    public Task<JsonNode> ResultsAsync(string experiment) => AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{experiment}/results");

    /// <summary>What the native HTTP interface answers for a unit.</summary>
    public async Task<JsonArray> AssignAsync(string unit, object? attributes, params string[] experiments)
    {
        using var response = await SendAsync(HttpMethod.Post, "/api/v1/assignments", ServerKey, JsonContent.Create(new { unit_id = unit, attributes, experiments }));
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.IsSuccessStatusCode, Is.True, text);
        return JsonNode.Parse(text)!["assignments"]!.AsArray();
    }

    /// <summary>Asks again until the answer is as it should be; then returns it.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T>> ask, Func<T, bool> isRight, string what)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (isRight(answer)) return answer;
            Assert.That(clock.Elapsed, Is.LessThan(Limit), $"{what} did not come true; the last answer was {answer}");
            await Task.Delay(100);
        }
    }

    /// <summary>Runs a command of ./cro on this platform's data folder.</summary>
    /// <returns>What it said.</returns>
    public Task<string> CroAsync(params string[] words) => CroInAsync(Folder, new Dictionary<string, string?>(), words);

    /// <summary>Runs a command of ./cro on a data folder.</summary>
    /// <param name="environment">What differs from the tests' own; null for a variable that is not to be there.</param>
    /// <returns>What it said.</returns>
    public static async Task<string> CroInAsync(string folder, IReadOnlyDictionary<string, string?> environment, params string[] words)
    {
        var root = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "cro"))) root = root.Parent!;
        var start = new ProcessStartInfo(Path.Combine(root.FullName, "cro"), [.. words, "--data", folder])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => output.AppendLine(line.Data);
        process.ErrorDataReceived += (_, line) => output.AppendLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero, $"./cro {string.Join(' ', words)}: {output}");
        return output.ToString();
    }
}
