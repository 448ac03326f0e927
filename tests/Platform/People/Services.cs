using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.People;

/// <summary>The services at their own addresses, past the door.</summary>
internal static class Services
{
    public static readonly string[] All = ["experiments", "ingestion", "assignment", "statistics", "reporting"];

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>What the service says of its endpoints: method, route, least key, least person.</summary>
    public static async Task<IReadOnlyList<(string Method, string Route, string Key, string? Person)>> RoutesAsync(string service)
    {
        using var response = await SendAsync(service, HttpMethod.Get, "/health/routes", TestPlatform.Current.Text("metrics_key"));
        var routes = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["routes"]!.AsArray();
        return [.. routes.Select(r => ((string)r!["method"]!, (string)r["route"]!, (string)r["key"]!, (string?)r["person"]))];
    }

    /// <summary>Only the head of the answer is waited for.</summary>
    public static async Task<HttpResponseMessage> SendAsync(string service, HttpMethod method, string path, string? bearer, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, TestPlatform.Current.Service(service, "http") + path) { Content = body };
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The gRPC status of a call with an empty request; null if it was let in and has not ended.</summary>
    public static async Task<int?> CallAsync(string service, string method, string? bearer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{TestPlatform.Current.Service(service, "grpc")}{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[5]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);

        // A stream with nothing to tell answers nothing; a refusal comes at once.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return response.Headers.TryGetValues("grpc-status", out var status) ? int.Parse(status.Single()) : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Waits until news of this key has reached the service.</summary>
    public static Task<bool> KnowAsync(string service, string key) => TestPlatform.EventuallyAsync(() => KnowsAsync(service, key), known => known, $"{service} knows the key");

    public static Task<bool> ForgetAsync(string service, string key) => TestPlatform.EventuallyAsync(() => KnowsAsync(service, key), known => !known, $"{service} refuses the key");

    private static async Task<bool> KnowsAsync(string service, string key)
    {
        using var response = service switch
        {
            "ingestion" => await SendAsync(service, HttpMethod.Post, "/v1/events", key),
            "assignment" => await SendAsync(service, HttpMethod.Post, "/api/v1/assignments", key),
            "statistics" => await SendAsync(service, HttpMethod.Post, "/api/v1/statistics/sample-size", key),
            "experiments" => await SendAsync(service, HttpMethod.Get, "/api/v1/ready-metrics", key),
            // Its one guarded path is a socket.
            _ => new HttpResponseMessage(HttpStatusCode.OK),
        };
        return response.StatusCode != HttpStatusCode.Unauthorized;
    }
}
