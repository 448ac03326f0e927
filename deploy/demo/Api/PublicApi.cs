using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace CroPlatform.Demo.Api;

/// <summary>The public HTTP API, as any client would use it.</summary>
internal sealed class PublicApi : IDisposable
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private const int MaxTries = 30;

    private readonly HttpClient _http;
    private readonly Endpoints _endpoints;
    private readonly ConcurrentDictionary<string, bool> _acceptedIds = new();
    private long _sent;
    private long _accepted;
    private long _refused;

    public PublicApi(Endpoints endpoints)
    {
        _endpoints = endpoints;
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 32 }) { BaseAddress = new Uri(endpoints.Public), Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Events in all answered requests, repeated ones included.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Different events among the accepted ones.</summary>
    public long Distinct => _acceptedIds.Count;

    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Creates what is not there yet.</summary>
    public async Task EnsureMetricAsync(object metric, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Post, "/api/v1/metrics", _endpoints.AdminKey, metric, ct);
        if (response.StatusCode != HttpStatusCode.Conflict) await ThrowUnlessOkAsync(response, ct);
    }

    public async Task CreateExperimentAsync(object experiment, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Post, "/api/v1/experiments", _endpoints.AdminKey, experiment, ct);
        await ThrowUnlessOkAsync(response, ct);
    }

    /// <param name="transition">start, pause, resume or stop.</param>
    public async Task TransitAsync(string experiment, string transition, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Post, $"/api/v1/experiments/{experiment}/{transition}", _endpoints.AdminKey, null, ct);
        await ThrowUnlessOkAsync(response, ct);
    }

    public Task<Results> ResultsAsync(string experiment, CancellationToken ct) => GetAsync<Results>($"/api/v1/experiments/{experiment}/results", ct);

    public Task<Balance> BalanceAsync(CancellationToken ct) => GetAsync<Balance>("/api/v1/statistics/balance", ct);

    /// <summary>Sends a batch until it is answered: the events' ids make repeats safe.</summary>
    public async Task SendEventsAsync(IReadOnlyList<ClientEvent> events, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                using var response = await SendAsync(HttpMethod.Post, "/v1/events", _endpoints.WriteKey, new { events }, ct);
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable && tries < MaxTries)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(500), ct);
                    continue;
                }

                await ThrowUnlessOkAsync(response, ct);
                var answer = (await response.Content.ReadFromJsonAsync<EventsAnswer>(Json, ct))!;
                Interlocked.Add(ref _sent, events.Count);
                Interlocked.Add(ref _accepted, answer.Accepted);
                Interlocked.Add(ref _refused, answer.Rejected.Count);
                var refused = answer.Rejected.Select(r => r.GetProperty("index").GetInt32()).ToHashSet();
                for (var i = 0; i < events.Count; i++)
                {
                    if (!refused.Contains(i)) _acceptedIds.TryAdd(events[i].Id, true);
                }

                return;
            }
            catch (HttpRequestException) when (tries < MaxTries)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), ct);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> GetAsync<T>(string path, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Get, path, _endpoints.AdminKey, null, ct);
        await ThrowUnlessOkAsync(response, ct);
        return (await response.Content.ReadFromJsonAsync<T>(Json, ct))!;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string key, object? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body is not null) request.Content = JsonContent.Create(body, options: Json);
        return await _http.SendAsync(request, ct);
    }

    private static async Task ThrowUnlessOkAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.IsSuccessStatusCode) return;
        var path = response.RequestMessage!.RequestUri!.AbsolutePath;
        throw new HttpRequestException($"{path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(ct)}");
    }

    private sealed record EventsAnswer(int Accepted, IReadOnlyList<JsonElement> Rejected);
}
