using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CroPlatform.Platform.Tests.People;

namespace CroPlatform.Platform.Tests.Hostile;

/// <summary>
/// Every operation of the API that takes a body gets all that nobody should send: each is refused as a client's fault or taken for what it says, never a fault
/// of ours, and the services stay what they were. In a site of its own, so that what is taken disturbs nobody.
/// </summary>
[NonParallelizable]
public sealed class HostileBodyTests
{
    private const int MaxBody = 1 << 20;
    private const int MostMemoryMiB = 1_200;

    private static readonly TestPlatform Platform = TestPlatform.Current;
    private readonly ConcurrentQueue<string> _wrong = new();
    private OtherSite _site = null!;
    private string _writeKey = "";
    private IReadOnlyList<(string Method, string Path, JsonNode Example)> _operations = [];

    [OneTimeSetUp]
    public async Task PrepareAsync()
    {
        _site = await OtherSite.CreateAsync();
        _writeKey = await _site.NewKeyAsync("write");
        var document = await Platform.AdminAsync(HttpMethod.Get, "/api/v1/openapi.json");
        _operations = [.. from path in document["paths"]!.AsObject()
                          from operation in path.Value!.AsObject()
                          let example = operation.Value!["requestBody"]?["content"]?["application/json"]?["example"]
                          where example is not null
                          select (operation.Key.ToUpperInvariant(), path.Key.Replace("{clientKey}", _writeKey, StringComparison.Ordinal), example)];
        Assert.That(_operations, Has.Count.GreaterThan(40), "the document names the operations");
        ServiceMemory.ResetPeaks();
    }

    [Test]
    public Task Body_OfEveryOperation_Hostile_IsAClientsFaultOrTaken() =>
        TryAsync(o => HostileValues.Bodies(o.Example).Select(b => new HostileBody(b.Name, Encoding.UTF8.GetBytes(b.Body))));

    [Test]
    public Task Value_OfEveryOperation_Hostile_IsAClientsFaultOrTaken() =>
        TryAsync(o => HostileValues.Mutations(o.Example).Select(b => new HostileBody(b.Name, Encoding.UTF8.GetBytes(b.Body))));

    [Test]
    public Task Encoding_OfEveryOperation_Hostile_IsAClientsFault() => TryAsync(
        o =>
        [
            new HostileBody("broken UTF-8", HostileValues.BrokenUtf8(o.Example)),
            new HostileBody("a gzip bomb", Bomb, "gzip"),
        ],
        mayBeTaken: false);

    [Test]
    public Task Length_OneByteOverTheLimit_Is413() => TryAsync(
        _ => [new HostileBody("one byte too many", Encoding.UTF8.GetBytes($"\"{new string('x', MaxBody - 1)}\""))], mayBeTaken: false, only: HttpStatusCode.RequestEntityTooLarge);

    [OneTimeTearDown]
    public async Task UseTheServicesAsync()
    {
        await Platform.SendEventsAsync([new { type = "alive", visitor_id = TestPlatform.Unique("alive") }]);
        await Platform.AdminAsync(HttpMethod.Get, "/api/v1/experiments?limit=1");
        await Platform.AdminAsync(HttpMethod.Get, "/api/v1/statistics/balance");
    }

    /// <summary>Ten MiB of zeros.</summary>
    private static byte[] Bomb { get; } = Compress(new byte[10 << 20]);

    private async Task TryAsync(
        Func<(string Method, string Path, JsonNode Example), IEnumerable<HostileBody>> bodies, bool mayBeTaken = true, HttpStatusCode? only = null)
    {
        var work = _operations.SelectMany(o => bodies(o).Select(b => (o.Method, o.Path, b.Name, Body: b)));
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (one, ct) =>
        {
            using var response = await Platform.SendAsync(new HttpMethod(one.Method), one.Path.Replace("{", "no-", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal), _site.AdminKey, one.Body.ToContent());
            var text = await response.Content.ReadAsStringAsync(ct);
            var isRight = only is null
                ? (int)response.StatusCode is >= 400 and < 500 || (mayBeTaken && response.IsSuccessStatusCode) || response.StatusCode == HttpStatusCode.NotImplemented
                : response.StatusCode == only || response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests;
            if (!isRight) _wrong.Enqueue($"{one.Method} {one.Path}, {one.Name}: {(int)response.StatusCode} {text[..Math.Min(text.Length, 300)]}");
        });
        Assert.That(_wrong, Is.Empty);
        var peaks = ServiceMemory.All.Select(service => (Name: service, MiB: ServiceMemory.PeakOf(service))).ToList();
        await TestContext.Out.WriteLineAsync($"measured: hostile bodies, highest working sets so far: {string.Join(", ", peaks.Select(p => $"{p.Name} {p.MiB} MiB"))}");
        Assert.That(peaks.Select(p => p.MiB), Has.All.LessThan(MostMemoryMiB));
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize)) gzip.Write(bytes);
        return packed.ToArray();
    }

    private sealed record HostileBody(string Name, byte[] Bytes, string? Encoding = null)
    {
        public ByteArrayContent ToContent()
        {
            var content = new ByteArrayContent(Bytes) { Headers = { { "Content-Type", "application/json" } } };
            if (Encoding is not null) content.Headers.Add("Content-Encoding", Encoding);
            return content;
        }
    }
}
