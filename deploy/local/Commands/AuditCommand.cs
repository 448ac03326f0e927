using System.Net.Http.Headers;
using System.Text.Json;
using CroPlatform.Local.Data;

namespace CroPlatform.Local.Commands;

/// <summary><c>audit verify</c>: whether the audit log of the site <c>default</c> is whole. The exit status is 0 only if it is.</summary>
internal static class AuditCommand
{
    private const string Path = "/api/v1/audit/verify";

    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        if (arguments.Word() is not "verify") throw new UsageException("what about the audit log? 'audit verify'");
        arguments.End();
        if (!File.Exists(data.Endpoints)) throw new FailureException($"no platform runs from {data.Root}; './cro up' starts one");
        var verified = await AskAsync(Json.Read<Endpoints>(data.Endpoints), cancel);
        progress.Line(verified.Ok
            ? $"  the audit log is whole: {verified.Rows} rows, each with the hash of the one before it"
            : $"  the audit log is broken at row {verified.BrokenAt}: {verified.Detail}");
        return verified.Ok ? 0 : 1;
    }

    private static async Task<Verified> AskAsync(Endpoints endpoints, CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = new Uri(endpoints.Public), Timeout = TimeSpan.FromMinutes(10) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", endpoints.AdminKey);
        try
        {
            using var response = await http.GetAsync(Path, cancel);
            var text = await response.Content.ReadAsStringAsync(cancel);
            if (!response.IsSuccessStatusCode) throw new FailureException($"{Path} answered {(int)response.StatusCode}: {text}");
            return JsonSerializer.Deserialize<Verified>(text, Json.Options)!;
        }
        catch (HttpRequestException e)
        {
            throw new FailureException($"{endpoints.Public} does not answer: {e.Message}");
        }
    }

    private sealed record Verified(bool Ok, long Rows, long? BrokenAt, string? Detail);
}
