using System.Text;
using CroPlatform.Broker.Tests;
using CroPlatform.Files;
using CroPlatform.Services.Ingestion.Store;

namespace CroPlatform.Services.Tests.Ingestion;

/// <summary>What the spool has acknowledged comes out again, in order, whatever the disk does to the rest.</summary>
public sealed class EventSpoolTests
{
    private const string Folder = "/spool";
    private static readonly SpoolOptions Options = new() { Folder = Folder, SegmentBytes = 4_096, MaxBytes = 1 << 20, ReserveBytes = 0 };

    [Test]
    public async Task Spool_PowerLostAtAnyMoment_KeepsEveryAcknowledgedEventInOrder([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        var files = new VolatileFiles();
        var (sent, acknowledged) = (new List<string>(), new List<string>());
        await using (var spool = Open(files))
        {
            var before = random.Next(1, 60);
            for (var i = 0; i < before; i++) await SendAsync($"event {i} {new string('x', random.Next(400))}");
            // These are on their way when the power goes; who of them hears first of his acknowledgement says nothing of their order.
            var late = Enumerable.Range(0, 5).Select(i => SendAsync($"late {i}")).ToArray();
            for (var i = random.Next(4); i > 0; i--) await late[i];
            files = files.Crash(random);
            await Task.WhenAll(late).ContinueWith(_ => { }, TaskScheduler.Default);

            Task SendAsync(string text)
            {
                sent.Add(text);
                return AppendAsync(spool, text, acknowledged);
            }
        }

        await using var after = Open(files);
        var read = Drain(after);
        Assert.That(read, Is.EqualTo(sent.Where(read.Contains)), "in order");
        Assert.That(read, Is.SupersetOf(acknowledged));
        Assert.That(after.WaitingBytes, Is.Zero);
    }

    [Test]
    public async Task Spool_ReadButNotAdvanced_IsReadAgainAfterARestart()
    {
        var files = new VolatileFiles();
        var acknowledged = new List<string>();
        await using (var spool = Open(files))
        {
            for (var i = 0; i < 200; i++) await AppendAsync(spool, $"event {i} {new string('x', 100)}", acknowledged);
            Assert.That(spool.Peek(1_000, 1_000), Is.Not.Empty);
            spool.Advance();
            Assert.That(spool.Peek(1_000, 1_000), Is.Not.Empty);
        }

        await using var after = Open(files);
        Assert.That(Drain(after), Is.EqualTo(acknowledged), "a file goes only when all of it is in the log");
    }

    [Test]
    public async Task Spool_Full_RefusesAndTakesAgainWhenItHasDrained()
    {
        await using var spool = Open(new VolatileFiles(), Options with { MaxBytes = 8_192 });
        var acknowledged = new List<string>();
        Assert.That(async () =>
        {
            for (var i = 0; i < 100; i++) await AppendAsync(spool, new string('x', 500), acknowledged);
        }, Throws.TypeOf<SpoolFullException>());
        Assert.That(acknowledged, Has.Count.InRange(10, 16));

        Assert.That(Drain(spool), Has.Count.EqualTo(acknowledged.Count));
        await AppendAsync(spool, "again", acknowledged);
        Assert.That(Drain(spool), Is.EqualTo(new[] { "again" }));
    }

    [Test]
    public async Task Spool_DiskAlmostFull_RefusesBeforeItIs()
    {
        var free = 10_000L;
        await using var spool = new EventSpool(Options with { ReserveBytes = 9_000 }, new VolatileFiles(), () => free);
        await AppendAsync(spool, new string('x', 500), []);
        free = 9_200;
        Assert.That(() => AppendAsync(spool, new string('x', 500), []), Throws.TypeOf<SpoolFullException>());
        free = 20_000;
        await AppendAsync(spool, "again", []);
    }

    [Test]
    public async Task Spool_DiskRefusesToSync_KeepsNothingOfTheCall()
    {
        var files = new VolatileFiles();
        var acknowledged = new List<string>();
        await using (var spool = Open(files))
        {
            await AppendAsync(spool, "before", acknowledged);
            files.FailSync(path => path.EndsWith(".spool", StringComparison.Ordinal));
            Assert.That(() => AppendAsync(spool, "refused", acknowledged), Throws.TypeOf<SpoolFullException>());
            files.FailSync(_ => false);
            await AppendAsync(spool, "after", acknowledged);
        }

        await using var again = Open(files);
        Assert.That(Drain(again), Is.EqualTo(new[] { "before", "after" }));
    }

    private static EventSpool Open(IDurableFiles files, SpoolOptions? options = null) => new(options ?? Options, files, () => long.MaxValue);

    private static async Task AppendAsync(EventSpool spool, string text, List<string> acknowledged)
    {
        await spool.AppendAsync([Encoding.UTF8.GetBytes(text)]);
        lock (acknowledged) acknowledged.Add(text);
    }

    private static List<string> Drain(EventSpool spool)
    {
        var read = new List<string>();
        while (spool.Peek(2_000, 1_000) is { Count: > 0 } payloads)
        {
            read.AddRange(payloads.Select(p => Encoding.UTF8.GetString(p)));
            spool.Advance();
        }

        return read;
    }
}
