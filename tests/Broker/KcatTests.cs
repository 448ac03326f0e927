using System.Diagnostics;

namespace CroPlatform.Broker.Tests;

/// <summary>kcat 1.7.1, as people use it.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class KcatTests
{
    private TemporaryBroker _broker = null!;

    [OneTimeSetUp]
    public void Start() => _broker = new TemporaryBroker();

    [OneTimeTearDown]
    public async Task Stop() => await _broker.DisposeAsync();

    [TestCase("none")]
    [TestCase("gzip")]
    [TestCase("snappy")]
    [TestCase("lz4")]
    [TestCase("zstd")]
    public async Task Lines_ProducedAndConsumed_AreTheSame(string codec)
    {
        var topic = Topic();
        var lines = string.Concat(Enumerable.Range(0, 500).Select(i => $"{codec} {i}\n"));
        await RunAsync(lines, "-P", "-t", topic, "-p", "1", "-z", codec, "-H", "name=value");
        Assert.That(await RunAsync("", "-C", "-t", topic, "-p", "1", "-e", "-q"), Is.EqualTo(lines));
        Assert.That(await RunAsync("", "-C", "-t", topic, "-p", "1", "-e", "-q", "-c", "1", "-f", "%h %o"), Is.EqualTo("name=value 0"));
    }

    [Test]
    public async Task Group_ThatReadEverything_ReadsNothingTwice()
    {
        var topic = Topic();
        await RunAsync("a\nb\nc\n", "-P", "-t", topic);
        var first = await RunAsync("", "-G", topic, "-e", "-q", "-X", "auto.offset.reset=earliest", topic);
        var second = await RunAsync("", "-G", topic, "-e", "-q", "-X", "auto.offset.reset=earliest", topic);
        Assert.That((first.Split('\n').Order(), second), Is.EqualTo((new[] { "", "a", "b", "c" }, "")));
    }

    [Test]
    public async Task Group_MembersJoinAndLeave_PartitionsFollow()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var topic = Topic();
        using var first = Member(topic);
        await RebalancedAsync(first, partitions: 2, limit.Token);
        using var second = Member(topic);
        await Task.WhenAll(RebalancedAsync(first, partitions: 1, limit.Token), RebalancedAsync(second, partitions: 1, limit.Token));
        second.Kill();
        await RebalancedAsync(first, partitions: 2, limit.Token);
        first.Kill();
    }

    [Test]
    public async Task Query_ByTime_GivesAnOffset()
    {
        var topic = Topic();
        await RunAsync("a\nb\n", "-P", "-t", topic, "-p", "0");
        Assert.That(await RunAsync("", "-Q", "-t", $"{topic}:0:1"), Does.Contain("offset 0"));
        Assert.That(await RunAsync("", "-Q", "-t", $"{topic}:0:-1"), Does.Contain("offset 2"));
    }

    private Process Member(string group) => Process.Start(new ProcessStartInfo("kcat", ["-b", _broker.Bootstrap, "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=200", "-G", group, group])
    {
        RedirectStandardError = true,
        UseShellExecute = false,
    })!;

    /// <summary>Reads what a member says of its group until it has so many partitions.</summary>
    private static async Task RebalancedAsync(Process member, int partitions, CancellationToken cancel)
    {
        while (await member.StandardError.ReadLineAsync(cancel) is { } line)
        {
            if (line.Contains(" assigned: ", StringComparison.Ordinal) && line.Split('[').Length - 1 == partitions)
                return;
        }

        Assert.Fail("kcat ended");
    }

    private string Topic()
    {
        var name = $"t-{Guid.NewGuid():n}";
        _broker.Broker.Topics.Create(name, 2, new Dictionary<string, string>());
        return name;
    }

    private async Task<string> RunAsync(string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("kcat", ["-b", _broker.Bootstrap, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var kcat = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await kcat.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
        kcat.StandardInput.Close();
        var (output, errors) = (kcat.StandardOutput.ReadToEndAsync(limit.Token), kcat.StandardError.ReadToEndAsync(limit.Token));
        await kcat.WaitForExitAsync(limit.Token);
        Assert.That(kcat.ExitCode, Is.Zero, await errors);
        return await output;
    }
}
