using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace CroPlatform.Broker.Tests;

/// <summary>Three clients in other languages. Each plays its scenarios in one process; the tests judge what it saw.</summary>
[Parallelizable(ParallelScope.Self)]
[TestFixture("/usr/bin/python3", "python/kafka_python.py", 500)]
[TestFixture("/usr/bin/python3", "python/confluent.py", 500)]
[TestFixture("node", "node/kafkajs.js", 200)]
public sealed class ForeignClientTests(string program, string script, int records)
{
    private TemporaryBroker _broker = null!;
    private JsonElement _seen;

    [OneTimeSetUp]
    public async Task Play()
    {
        _broker = new TemporaryBroker();
        var start = new ProcessStartInfo(program, [script, _broker.Bootstrap, "scenarios"]) { WorkingDirectory = Clients(), RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var client = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var errors = client.StandardError.ReadToEndAsync(limit.Token);
        var line = await client.StandardOutput.ReadLineAsync(limit.Token);
        if (line is null)
            Assert.Fail($"{script} ended early (it needs the packages of tests/apt-packages, or npm ci in {Clients()}/node): {await errors}");
        _seen = JsonDocument.Parse(line!).RootElement;
    }

    [OneTimeTearDown]
    public async Task Stop() => await _broker.DisposeAsync();

    [Test]
    public void Records_OfEveryCodec_ComeBackInOrderWithKeysAndHeaders()
    {
        Assert.That(Int("partitions"), Is.EqualTo(2));
        Assert.That((Int("acknowledged"), Int("end")), Is.EqualTo((records, records)));
        Assert.That(True("values") && True("offsets") && True("headers"), Is.True, () => $"{_seen}");
    }

    // The first codec is none; of compressed batches, of a hundred records each, the broker gives the first.
    [Test]
    public void Times_LookedUp_GiveTheRecordOrItsBatch() =>
        Assert.That(_seen.GetProperty("times").EnumerateArray().Select(offset => offset.GetInt32()), Is.EqualTo(records == 500 ? new[] { 0, 50, 100, 200, 300 } : [0, 50, 100]));

    [Test]
    public void Group_MembersJoinAndLeave_PartitionsFollow() =>
        Assert.That(True("alone") && True("joined") && True("listed") && True("left"), Is.True, () => $"{_seen}");

    [Test]
    public void Offsets_Committed_AreFoundAgain() =>
        Assert.That(_seen.GetProperty("committed").ToString(), Is.AnyOf("True", $"{records}"));

    [Test]
    public void Topic_Deleted_IsGone() => Assert.That(True("deleted"), Is.True);

    private bool True(string name) => _seen.GetProperty(name).GetBoolean();

    private int Int(string name) => _seen.GetProperty(name).GetInt32();

    private static string Clients([CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "clients");
}
