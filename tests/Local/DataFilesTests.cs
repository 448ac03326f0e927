using System.Collections;
using System.Text.Json.Nodes;
using CroPlatform.Local.Data;

namespace CroPlatform.Local.Tests;

public sealed class DataFilesTests
{
    private DataFolder _data = null!;

    [SetUp]
    public void MakeFolder() => _data = DataFolder.Temporary("tests");

    [TearDown]
    public void DeleteFolder() => _data.Delete();

    [Test]
    public void Keys_AreMadeOnceAndOnlyTheirOwnerReadsThem()
    {
        var first = Keys.Of(_data);
        Assert.That(Keys.Of(_data), Is.EqualTo(first));
        Assert.That(File.GetUnixFileMode(_data.Keys), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(first.WriteKey, Does.Match("^wk_[A-Za-z0-9_-]{43}$"), "32 bytes in base64url");
        Assert.That(first.ServerKey, Does.StartWith("sk_"));
        Assert.That(first.AdminKey, Does.StartWith("ak_"));
        Assert.That(new[] { first.WriteKey[3..], first.ServerKey[3..], first.AdminKey[3..], first.MetricsKey, first.PostgresPassword, first.RedisPassword }, Is.Unique);
    }

    [Test]
    public void Read_OfABrokenFile_NamesIt()
    {
        File.WriteAllText(_data.Keys, "{\"write_key\": ");
        Assert.That(() => Keys.Of(_data), Throws.TypeOf<FailureException>().With.Message.Contains(_data.Keys));
    }

    [Test]
    public void Endpoints_AreWrittenUnderTheirAgreedNames()
    {
        var endpoints = new Endpoints
        {
            Public = "http://127.0.0.1:8080",
            Kafka = "127.0.0.1:1",
            Redis = "127.0.0.1:2",
            RedisPassword = "r",
            Postgres = "Host=127.0.0.1",
            WriteKey = "wk_1",
            ServerKey = "sk_1",
            AdminKey = "ak_1",
            AdminEmail = "a@b",
            AdminPassword = "p",
            MetricsKey = "m",
            Flagd = "127.0.0.1:6",
            Services = new Dictionary<string, ServiceEndpoint> { ["ingestion"] = new("http://127.0.0.1:3", null), ["statistics"] = new("http://127.0.0.1:4", "127.0.0.1:5") },
        };
        DataFolder.WritePrivate(_data.Endpoints, Json.Write(endpoints));

        var json = JsonNode.Parse(File.ReadAllText(_data.Endpoints))!.AsObject();
        Assert.That(
            json.Select(field => field.Key),
            Is.EquivalentTo(["public", "kafka", "redis", "redis_password", "postgres", "write_key", "server_key", "admin_key", "admin_email", "admin_password", "metrics_key", "flagd", "services"]));
        Assert.That((string?)json["flagd"], Is.EqualTo("127.0.0.1:6"));
        Assert.That((string?)json["services"]!["statistics"]!["grpc"], Is.EqualTo("127.0.0.1:5"));
        Assert.That(json["services"]!["ingestion"]!.AsObject().ContainsKey("grpc"), Is.False);
        Assert.That(File.GetUnixFileMode(_data.Endpoints), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void SharedSettings_ASimulatedClock_RunsOnThroughALaterStart()
    {
        var environment = new Hashtable { ["CRO_CLOCK_START"] = "2026-03-01", ["CRO_CLOCK_RATE"] = "60", ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://x", ["HOME"] = "/" };
        var start = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
        var first = SharedSettings.Of(_data, environment, start);
        var later = SharedSettings.Of(_data, environment, start.AddHours(1));
        Assert.That(later, Is.EquivalentTo(first));
        Assert.That(first.Keys, Is.EquivalentTo(["CRO_CLOCK_START", "CRO_CLOCK_RATE", "CRO_CLOCK_ZERO", "OTEL_EXPORTER_OTLP_ENDPOINT"]));
        Assert.That(DateTimeOffset.Parse(first["CRO_CLOCK_ZERO"]), Is.EqualTo(start));

        environment["CRO_CLOCK_RATE"] = "10";
        Assert.That(DateTimeOffset.Parse(SharedSettings.Of(_data, environment, start.AddHours(2))["CRO_CLOCK_ZERO"]), Is.EqualTo(start.AddHours(2)), "another clock begins anew");
    }

    [Test]
    public async Task DataLock_WhileHeld_MakesTheNextWait()
    {
        var file = Path.Combine(_data.Root, "lock");
        var progress = new Progress(TextWriter.Null);
        var first = await DataLock.TakeAsync(file, TimeSpan.Zero, progress, CancellationToken.None);
        Assert.That(() => DataLock.TakeAsync(file, TimeSpan.Zero, progress, CancellationToken.None), Throws.TypeOf<FailureException>().With.Message.Contains(file));
        var second = DataLock.TakeAsync(file, TimeSpan.FromMinutes(1), progress, CancellationToken.None);
        first.Dispose();
        (await second).Dispose();
    }
}
