using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;

namespace CroPlatform.Platform.Tests;

/// <summary>The audit log through the running platform.</summary>
public sealed class AuditLogTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Changes_OfAnExperiment_AreWrittenDownInOrder()
    {
        var (metric, key) = (TestPlatform.Unique("audit-metric"), TestPlatform.Unique("audit"));
        await Platform.CreateMetricAsync(metric, "conversion", "purchase");
        await Platform.StartExperimentAsync(key, "platform", ["a", "b"], metric);
        await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/stop", new { reason = "seen enough" });
        var page = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/audit?subject_kind=experiment&subject={key}&limit=2");
        var entries = page["entries"]!.AsArray();
        Assert.That(entries.Select(e => (string?)e!["action"]), Is.EqualTo(new[] { "experiment.stopped", "experiment.started" }));
        Assert.That(((string?)entries[0]!["before"]!["status"], (string?)entries[0]!["after"]!["status"], (string?)entries[0]!["reason"]), Is.EqualTo(("running", "completed", "seen enough")));
        var rest = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/audit?subject_kind=experiment&subject={key}&cursor={page["next_cursor"]}");
        Assert.That(rest["entries"]!.AsArray().Select(e => (string?)e!["action"]), Is.EqualTo(new[] { "experiment.created" }));
        Assert.That(rest["next_cursor"], Is.Null);
    }

    /// <summary>By the steps of docs/audit.md, from the exported file alone.</summary>
    [Test]
    public async Task Export_VerifiedByAnybody_IsTheWholeChain()
    {
        using var response = await Platform.SendAsync(HttpMethod.Get, "/api/v1/audit/export", Platform.AdminKey);
        var (previous, seq) = (new byte[32], 0L);
        foreach (var line in (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var row = JsonNode.Parse(line)!;
            var text = new MemoryStream();
            text.Write(previous);
            foreach (var name in (string[])["site", "seq", "at", "actor", "action", "subject_kind", "subject", "before", "after", "reason"])
            {
                // What is exported is canonical already, but for characters that are escaped in it.
                var field = row[name] switch { null => null, JsonValue v when name is not ("before" or "after") => v.ToString(), var json => json.ToJsonString(Plain) };
                text.Write(BitConverter.GetBytes(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(field is null ? -1 : Encoding.UTF8.GetByteCount(field))));
                if (field is not null) text.Write(Encoding.UTF8.GetBytes(field));
            }

            var hash = SHA256.HashData(text.ToArray());
            Assert.That((Convert.ToHexStringLower(previous), Convert.ToHexStringLower(hash), ++seq), Is.EqualTo(((string?)row["previous_hash"], (string?)row["hash"], (long)row["seq"]!)), line);
            previous = hash;
        }

        Assert.That(seq, Is.Positive);
        await Platform.CroAsync("audit", "verify");
    }

    [TestCase("update audit set actor = 'nobody'")]
    [TestCase("delete from audit")]
    [TestCase("truncate audit cascade")]
    public async Task Rows_ChangedByHand_AreRefusedByTheDatabase(string sql)
    {
        await Platform.AdminAsync(HttpMethod.Put, "/api/v1/approval-rules", new { });
        await using var source = NpgsqlDataSource.Create(Platform.Postgres + ";Search Path=experiments");
        await using var db = await source.OpenConnectionAsync();
        Assert.That(async () => await db.ExecuteAsync(sql), Throws.InstanceOf<PostgresException>().With.Message.Contains("append-only"));
    }

    [TestCase("limit=0", "limit")]
    [TestCase("cursor=x", "cursor")]
    [TestCase("from=yesterday", "from")]
    [TestCase("actor=%00", "actor")]
    public async Task List_AskedForBadly_NamesTheField(string query, string field)
    {
        using var response = await Platform.SendAsync(HttpMethod.Get, "/api/v1/audit?" + query, Platform.AdminKey);
        Assert.That(((int)response.StatusCode, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["field"]), Is.EqualTo((400, field)));
    }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
