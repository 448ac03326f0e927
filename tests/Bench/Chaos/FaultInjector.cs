using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Kafka;
using CroPlatform.Local.Run;
using Google.Protobuf;

namespace CroPlatform.Bench.Chaos;

/// <summary>Carries faults out, one after the other, and heals what it broke.</summary>
internal sealed class FaultInjector(RunningPlatform platform, Deployment deployment, Ledger ledger)
{
    private static readonly TimeSpan PointLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);

    /// <summary>Records of cro.facts.v1 that nobody can read, so far.</summary>
    public long PoisonedFacts { get; private set; }

    /// <returns>From the end of the fault until everything said it was ready; null where nothing was to recover, or the point was not met.</returns>
    public async Task<TimeSpan?> RunAsync(Fault fault)
    {
        var length = TimeSpan.FromSeconds(fault.Seconds);
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                if (fault.Detail.Length > 0) await WorksAgainAsync(TimeSpan.FromMilliseconds(int.Parse(fault.Detail.Split(' ')[0])));
                await deployment[fault.Target].KillAsync();
                await Task.Delay(length);
                return await RestartAsync(fault.Target);
            case FaultKind.KillPoint:
                return await KillAtPointAsync(fault);
            case FaultKind.Terminate:
                await deployment[fault.Target].TerminateAsync();
                return await RestartAsync(fault.Target);
            case FaultKind.Roll:
                await deployment[fault.Target].TerminateAsync();
                deployment.SwapRelease(fault.Target);
                return await RestartAsync(fault.Target);
            case FaultKind.Freeze:
                deployment[fault.Target].Signal(Signal.Stop);
                if (fault.Target == Deployment.Statistics) await deployment[Deployment.SecondStatistics].StartAsync();
                await Task.Delay(length);
                deployment[fault.Target].Signal(Signal.Continue);
                var thawed = await HealedAsync();
                if (fault.Target == Deployment.Statistics) await deployment[Deployment.SecondStatistics].TerminateAsync();
                return thawed;
            case FaultKind.Flush:
                await deployment.FlushRedisAsync();
                return null;
            case FaultKind.Churn:
                await ChurnAsync(length);
                return await HealedAsync();
            case FaultKind.Cut:
                await CutAsync(fault, length);
                return await HealedAsync();
            case FaultKind.Silence:
                deployment.Links[fault.Target].Silence();
                await Task.Delay(length);
                return await HealedAsync();
            case FaultKind.DiskFull:
                return await FillDiskAsync(length);
            case FaultKind.Clock:
                await deployment[fault.Target].KillAsync();
                await deployment[fault.Target].StartAsync(ClockOff(int.Parse(fault.Detail)));
                await deployment[fault.Target].ReadyAsync();
                await Task.Delay(length);
                await deployment[fault.Target].KillAsync();
                return await RestartAsync(fault.Target);
            case FaultKind.Poison:
                await PoisonAsync();
                return null;
            case FaultKind.Promote:
                await deployment.Standby.AttachAsync();
                await deployment.HealAsync();
                await Task.Delay(length);
                return await PromoteAsync();
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "not known");
        }
    }

    /// <summary>A record that cannot be read at each partition's end, of one kind or another.</summary>
    public async Task PoisonAsync()
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = platform.Kafka, EnableIdempotence = true, MessageTimeoutMs = 60_000 })
            .SetLogHandler((_, _) => { }).Build();
        foreach (var topic in Topics.All.Where(t => t.Name is Topics.Events or Topics.Facts))
        {
            await Task.WhenAll(Enumerable.Range(0, topic.Partitions).Select(p => producer.ProduceAsync(new TopicPartition(topic.Name, p), Poison(p))));
            if (topic.Name == Topics.Facts) PoisonedFacts += topic.Partitions;
        }
    }

    private static Message<byte[], byte[]> Poison(int partition)
    {
        var whole = new Event { Site = "default", Id = "poison", Type = "page_view", VisitorId = "poison", TimestampMs = 1, Schema = 1 };
        byte[]? value = (partition % 5) switch
        {
            0 => [0xff, 0xff, 0xff, 0xff, 0xff],
            1 => new Event(whole) { Schema = 99 }.ToByteArray(),
            2 => whole.ToByteArray(),
            3 => new Event(whole) { Site = "a\0b" }.ToByteArray(),
            _ => null,
        };
        return new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes("not|its|own"), Value = value!, Headers = new Confluent.Kafka.Headers { { Recount.PoisonHeader, [] } } };
    }

    /// <summary>By the services' own clock: under faketime the runtime's timed waits end at once, or after a day.</summary>
    private static Dictionary<string, string> ClockOff(int days) => new()
    {
        ["CRO_CLOCK_ZERO"] = "2026-01-01T00:00:00Z",
        ["CRO_CLOCK_START"] = days > 0 ? "2026-01-02T00:00:00Z" : "2025-12-31T00:00:00Z",
        ["CRO_CLOCK_RATE"] = "1",
    };

    /// <summary>Waits until requests are taken again, and then a little.</summary>
    private async Task WorksAgainAsync(TimeSpan more)
    {
        var before = ledger.Acknowledged;
        for (var since = Stopwatch.GetTimestamp(); ledger.Acknowledged == before; await Task.Delay(5))
        {
            if (Stopwatch.GetElapsedTime(since) > PointLimit) throw new BenchException("no request was taken for a minute");
        }

        await Task.Delay(more);
    }

    private async Task<TimeSpan> RestartAsync(string target)
    {
        await deployment[target].StartAsync();
        return await HealedAsync();
    }

    private async Task<TimeSpan> HealedAsync()
    {
        var since = Stopwatch.GetTimestamp();
        await deployment.HealAsync();
        return Stopwatch.GetElapsedTime(since);
    }

    /// <returns>From the kill on.</returns>
    private async Task<TimeSpan> PromoteAsync()
    {
        var since = Stopwatch.GetTimestamp();
        await deployment.Standby.TakeOverAsync();
        await RestartAsync(Deployment.Postgres);
        return Stopwatch.GetElapsedTime(since);
    }

    private async Task<TimeSpan?> KillAtPointAsync(Fault fault)
    {
        await deployment[fault.Target].KillAsync();
        await deployment[fault.Target].StartAsync(new Dictionary<string, string> { [KillPoint.Variable] = fault.Detail });
        var met = await deployment[fault.Target].GoneAsync(PointLimit);
        if (!met) await deployment[fault.Target].KillAsync();
        var recovered = await RestartAsync(fault.Target);
        return met ? recovered : null;
    }

    private async Task ChurnAsync(TimeSpan length)
    {
        var second = deployment[Deployment.SecondStatistics];
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < length;)
        {
            await second.StartAsync();
            await Task.Delay(Turn);

            // It leaves politely and not, in turn.
            if (second.Starts % 2 == 0) await second.KillAsync();
            else await second.TerminateAsync();
            await Task.Delay(Turn);
        }
    }

    private async Task CutAsync(Fault fault, TimeSpan length)
    {
        var proxy = deployment.Links[fault.Target].Proxy;
        if (fault.Target == Deployment.Gateway) (proxy.Share, deployment.Links[Deployment.SecondGateway].Proxy.Share) = (0.5, 0.5);
        else proxy.CutNext(int.Parse(fault.Detail));
        await Task.Delay(length);
    }

    private async Task<TimeSpan> FillDiskAsync(TimeSpan length)
    {
        var filler = Path.Combine(deployment.SmallDisk, "filler");
        try
        {
            await File.WriteAllBytesAsync(filler, new byte[920 << 10]);
        }
        catch (IOException)
        {
            // What the spool still holds has taken the rest: the disk is full either way.
        }

        await deployment[Deployment.Broker].KillAsync();
        await Task.Delay(length);
        File.Delete(filler);
        return await RestartAsync(Deployment.Broker);
    }
}
