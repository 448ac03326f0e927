using System.Net;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>The OpenAPI document against what the running services answer.</summary>
public sealed class ApiDocumentTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private static readonly string[] Services = ["ingestion", "experiments", "assignment", "statistics", "reporting"];

    // The page and its socket, health and metrics for operators, and gRPC are no part of the HTTP API.
    private static readonly string[] Apart = ["/", "/live", "/metrics", "/{grpcService}/{grpcMethod}"];
    private static readonly string[] Files = [".js", ".css"];

    [Test]
    public async Task Document_HasEveryRouteOfEveryService_WithWhoMayCallIt()
    {
        var served = new List<string>();
        foreach (var service in Services)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Platform.Service(service, "http") + "/health/routes");
            request.Headers.Authorization = new("Bearer", Platform.Text("metrics_key"));
            using var response = await Platform.Http.SendAsync(request);
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), service);
            foreach (var route in JsonNode.Parse(await response.Content.ReadAsStringAsync())!["routes"]!.AsArray())
            {
                var path = ((string)route!["route"]!).Replace("{**", "{", StringComparison.Ordinal);
                if (Apart.Contains(path) || Files.Contains(Path.GetExtension(path)) || path.StartsWith("/health", StringComparison.Ordinal) || path.StartsWith("/cro.", StringComparison.Ordinal) || path.StartsWith("/grpc.", StringComparison.Ordinal)) continue;
                served.Add($"{route["method"]} {path} {route["key"]} {route["person"]}");
            }
        }

        var document = await Platform.AdminAsync(HttpMethod.Get, "/api/v1/openapi.json");
        var described = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()
            .Select(o => $"{o.Key.ToUpperInvariant()} {path.Key} {o.Value!["x-key"]} {o.Value["x-person"]}"));
        Assert.That(described, Is.EquivalentTo(served));
    }
}
