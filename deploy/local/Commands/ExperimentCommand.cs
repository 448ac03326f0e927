using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CroPlatform.Local.Data;

namespace CroPlatform.Local.Commands;

/// <summary><c>experiment create|start|stop|list|results</c>: the public API with the admin key of the data folder's endpoints.json.</summary>
internal static class ExperimentCommand
{
    private const string Path = "/api/v1/experiments";

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        var asJson = arguments.Flag("--json");
        var status = arguments.Option("--status");
        var verb = arguments.Word() ?? throw new UsageException("what about experiments? create, start, stop, list or results");
        var subject = verb == "list" ? null : arguments.Word() ?? throw new UsageException(verb == "create" ? "create from which file?" : $"{verb} which experiment?");
        arguments.End();
        var answer = verb switch
        {
            "create" => await AskAsync(data, HttpMethod.Post, Path, await ReadAsync(subject!, cancel), cancel),
            "start" or "stop" => await AskAsync(data, HttpMethod.Post, $"{Path}/{Uri.EscapeDataString(subject!)}/{verb}", null, cancel),
            "list" => await AskAsync(data, HttpMethod.Get, Path + (status is null ? "" : $"?status={Uri.EscapeDataString(status)}"), null, cancel),
            "results" => await AskAsync(data, HttpMethod.Get, $"{Path}/{Uri.EscapeDataString(subject!)}/results", null, cancel),
            _ => throw new UsageException($"there is no 'experiment {verb}'; there are create, start, stop, list and results"),
        };
        if (asJson) Console.WriteLine(answer.ToJsonString(Json.Options));
        else if (verb == "list") WriteList(answer);
        else if (verb == "results") WriteResults(answer);
        else Console.WriteLine($"{Text(answer, "key")}: {Text(answer, "status")}");
        return 0;
    }

    private static async Task<string> ReadAsync(string file, CancellationToken cancel) =>
        File.Exists(file) ? await File.ReadAllTextAsync(file, cancel) : throw new FailureException($"there is no file {file}; docs/examples has one of each kind");

    private static async Task<JsonNode> AskAsync(DataFolder data, HttpMethod method, string path, string? body, CancellationToken cancel)
    {
        if (!File.Exists(data.Endpoints)) throw new FailureException($"no platform runs from {data.Root}; './cro up' starts one");
        var endpoints = Json.Read<Endpoints>(data.Endpoints);
        using var http = new HttpClient { BaseAddress = new Uri(endpoints.Public), Timeout = TimeSpan.FromSeconds(60) };
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", endpoints.AdminKey);
        try
        {
            using var response = await http.SendAsync(request, cancel);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancel))!;
            if (response.IsSuccessStatusCode) return answer;
            var field = Text(answer, "field") is { Length: > 0 } name ? $" ({name})" : "";
            throw new FailureException($"{Text(answer, "code")}{field}: {Text(answer, "detail")}");
        }
        catch (HttpRequestException error)
        {
            throw new FailureException($"{endpoints.Public} does not answer: {error.Message}");
        }
    }

    private static void WriteList(JsonNode answer)
    {
        foreach (var experiment in answer["experiments"]!.AsArray())
        {
            Console.WriteLine($"{Text(experiment!, "key"),-40} {Text(experiment!, "status"),-12} {Text(experiment!, "name")}");
        }

        if (answer["total"] is { } total) Console.WriteLine($"{answer["experiments"]!.AsArray().Count} of {total}");
    }

    private static void WriteResults(JsonNode answer)
    {
        var decision = answer["decision"]!;
        Console.WriteLine($"{Text(answer, "experiment")}: {Text(answer, "status")}, {Text(answer, "exposures")} units, verdict {Text(decision, "verdict")} {Text(decision, "variant")}".TrimEnd());
        foreach (var metric in answer["metrics"]!.AsArray())
        {
            Console.WriteLine($"  {Text(metric!, "key")}");
            foreach (var variant in metric!["variants"]!.AsArray())
            {
                var interval = variant!["lift_interval"] is JsonArray { Count: 2 } ends ? $" [{Percent(ends[0])}, {Percent(ends[1])}]" : "";
                Console.WriteLine($"    {Text(variant, "key"),-24} n {Text(variant, "n"),10}   mean {Number(variant["mean"]),12}   lift {Percent(variant["lift"]),9}{interval}   p {Number(variant["p_value"])}");
            }
        }

        foreach (var reason in decision["reasons"]!.AsArray()) Console.WriteLine($"  {Text(reason!, "text")}");
    }

    private static string Text(JsonNode node, string name) => node[name]?.ToString() ?? "";

    private static string Number(JsonNode? node) => node is null ? "-" : node.GetValue<double>().ToString("0.####", CultureInfo.InvariantCulture);

    private static string Percent(JsonNode? node) => node is null ? "-" : node.GetValue<double>().ToString("+0.0 %;-0.0 %;0.0 %", CultureInfo.InvariantCulture);
}
