using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace CroPlatform.Bench;

/// <summary>The platform that CRO_ENDPOINTS names.</summary>
internal sealed class RunningPlatform : IDisposable
{
    private readonly JsonElement _endpoints;
    private readonly HttpClient _http;

    public RunningPlatform()
    {
        var file = Environment.GetEnvironmentVariable("CRO_ENDPOINTS");
        if (string.IsNullOrEmpty(file)) throw new BenchException("CRO_ENDPOINTS is not set: use ./cro bench, or name a running platform's endpoints.json");
        Data = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (!File.Exists(file)) throw new BenchException($"CRO_ENDPOINTS names {file}, which is not there: is the platform up?");
        _endpoints = JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;
        _http = new HttpClient { BaseAddress = Public, Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>Its data folder.</summary>
    public string Data { get; }

    public Uri Public => new(Text("public"));
    public string Kafka => Text("kafka");
    public string Postgres => Text("postgres");
    public string Redis => Text("redis");
    public string RedisPassword => Text("redis_password");
    public string WriteKey => Text("write_key");
    public string AdminKey => Text("admin_key");
    public string ServerKey => Text("server_key");

    public Uri Http(string service) => new(_endpoints.GetProperty("services").GetProperty(service).GetProperty("http").GetString()!);

    public Uri Grpc(string service) => new("http://" + _endpoints.GetProperty("services").GetProperty(service).GetProperty("grpc").GetString()!);

    /// <summary>As the site's admin.</summary>
    /// <exception cref="BenchException">The answer is no success.</exception>
    public async Task<JsonElement> AdminAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement
            : throw new BenchException($"{method} {path} answered {(int)response.StatusCode}: {text}");
    }

    /// <summary>Processor time that a service at this URL has used since its start, in seconds, as its own metrics tell.</summary>
    public Task<double> CpuSecondsAsync(Uri service) => MetricAsync(service, "dotnet_process_cpu_time_seconds_total");

    /// <summary>A service's working set.</summary>
    public Task<double> MemoryBytesAsync(Uri service) => MetricAsync(service, "dotnet_process_memory_working_set");

    /// <summary>The sum of a service's metric over all lines that begin so.</summary>
    public async Task<double> MetricAsync(Uri service, string metric)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service, "/metrics"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Text("metrics_key"));
        using var response = await _http.SendAsync(request);
        var lines = (await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync()).Split('\n');
        return lines.Where(line => line.StartsWith(metric, StringComparison.Ordinal)).Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..]));
    }

    public void Dispose() => _http.Dispose();

    private string Text(string name) => _endpoints.GetProperty(name).GetString()!;
}
