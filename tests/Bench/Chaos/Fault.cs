using System.Globalization;
using CroPlatform.Kafka;

namespace CroPlatform.Bench.Chaos;

internal enum FaultKind
{
    /// <summary>SIGKILL, and a start some time later.</summary>
    Kill,

    /// <summary>SIGKILL at a named point around a checkpoint's commit.</summary>
    KillPoint,

    /// <summary>SIGTERM, and a start at once.</summary>
    Terminate,

    /// <summary>SIGSTOP, and SIGCONT some time later.</summary>
    Freeze,

    /// <summary>Redis forgets everything.</summary>
    Flush,

    /// <summary>A second statistics process joins and leaves every two seconds.</summary>
    Churn,

    /// <summary>Replies are cut off in the middle.</summary>
    Cut,

    /// <summary>A half-open link: it neither passes anything on nor closes.</summary>
    Silence,

    /// <summary>The second gateway's spool has no disk left while the log is away.</summary>
    DiskFull,

    /// <summary>A process runs with its clock a day off.</summary>
    Clock,

    /// <summary>A record at the end of each partition that nobody can read.</summary>
    Poison,

    /// <summary>Postgres is killed, and its synchronous standby takes its place.</summary>
    Promote,

    /// <summary>SIGTERM, and a start of the other release.</summary>
    Roll,
}

/// <param name="At">After the run's start.</param>
/// <param name="Target">A process, or a link to one.</param>
/// <param name="Seconds">How long it lasts.</param>
/// <param name="Detail">The point or the number of cuts, as the kind needs.</param>
internal sealed record Fault(TimeSpan At, FaultKind Kind, string Target, double Seconds, string Detail = "")
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{At.TotalSeconds,7:0.0} s  {Kind,-10} {Target,-12} {Seconds:0.0} s {Detail}").TrimEnd();
}

/// <summary>Draws faults. The same seed gives the same ones.</summary>
internal static class FaultSchedule
{
    public static readonly string[] Points = [KillPoint.BeforeBegin, KillPoint.InTransaction, KillPoint.BeforeCommit, KillPoint.AfterCommit, KillPoint.BeforeBrokerCommit];

    private static readonly string[] Killed = [Deployment.Gateway, Deployment.SecondGateway, Deployment.Broker, Deployment.Assignment, Deployment.Statistics, Deployment.Postgres, Deployment.Redis];

    /// <summary>So many minutes of everything there is.</summary>
    public static IReadOnlyList<Fault> Draw(int seed, TimeSpan length)
    {
        var random = new Random(seed);
        var faults = new List<Fault>();
        for (var at = 5.0; at < length.TotalSeconds - 5;)
        {
            var fault = Draw(random, TimeSpan.FromSeconds(at));
            faults.Add(fault);
            at += fault.Seconds + 3 + random.NextDouble() * 4;
        }

        return faults;
    }

    /// <summary>Each of the named points, and each server once: as much as a minute allows.</summary>
    public static IReadOnlyList<Fault> Short(int seed)
    {
        var random = new Random(seed);
        Fault[] faults =
        [
            .. Points.Select(p => new Fault(default, FaultKind.KillPoint, Deployment.Statistics, 0, $"{p}:{random.Next(1, 5)}")),
            .. Killed.Select(target => new Fault(default, FaultKind.Kill, target, random.NextDouble())),
            new(default, FaultKind.Flush, Deployment.Redis, 0),
            new(default, FaultKind.Cut, Deployment.Postgres, 1, $"{random.Next(1, 4)}"),
            new(default, FaultKind.Poison, Deployment.Broker, 0),
        ];
        random.Shuffle(faults);
        return [.. faults.Select((f, i) => f with { At = TimeSpan.FromSeconds(i) })];
    }

    /// <summary>The gateway alone, so many times.</summary>
    public static IReadOnlyList<Fault> Kills(int seed, int kills)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, kills).Select(i => new Fault(TimeSpan.FromSeconds(i * 0.01), FaultKind.Kill, Deployment.Gateway, 0, $"{random.Next(0, 400)} ms after it works"))];
    }

    /// <summary>Each service in turn is asked to end, so many times.</summary>
    public static IReadOnlyList<Fault> Terms(int rounds) =>
    [
        .. Enumerable.Range(0, rounds).SelectMany(_ => Deployment.Services).Select((target, i) => new Fault(TimeSpan.FromSeconds(i * 3), FaultKind.Terminate, target, 0)),
    ];

    /// <summary>The broker stands still for so long.</summary>
    public static IReadOnlyList<Fault> Freeze(int seconds) => [new Fault(TimeSpan.FromSeconds(5), FaultKind.Freeze, Deployment.Broker, seconds)];

    /// <summary>Postgres is killed so many times, with the answer to a COMMIT cut off before, and its standby takes its place.</summary>
    public static IReadOnlyList<Fault> Promotions(int seed, int times)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable.Range(0, times).SelectMany(i => (Fault[])
            [
                new(TimeSpan.FromSeconds(10 * i), FaultKind.Cut, Deployment.Postgres, random.NextDouble(), "1"),
                new(TimeSpan.FromSeconds(10 * i), FaultKind.Promote, Deployment.Postgres, random.NextDouble() * 3),
            ]),
        ];
    }

    /// <summary>
    /// So many minutes in which services go in turn to the older release and back, each one at another time than the others, with a fault after each step.
    /// </summary>
    public static IReadOnlyList<Fault> Rolling(int seed, TimeSpan length)
    {
        string[] rolled = [Deployment.SecondGateway, .. Deployment.Services];
        return
        [
            .. Draw(seed, length).Where(f => f.Kind != FaultKind.Freeze).SelectMany((f, i) => (Fault[])[new(f.At, FaultKind.Roll, rolled[i % rolled.Length], 0), f]),
        ];
    }

    private static Fault Draw(Random random, TimeSpan at) => random.Next(20) switch
    {
        < 7 => new Fault(at, FaultKind.Kill, Pick(random, Killed), random.NextDouble() * 4),
        < 10 => new Fault(at, FaultKind.KillPoint, Deployment.Statistics, 0, $"{Pick(random, Points)}:{random.Next(1, 12)}"),
        10 => new Fault(at, FaultKind.Freeze, Pick(random, [Deployment.Gateway, Deployment.Broker, Deployment.Postgres, Deployment.Redis]), 2 + random.NextDouble() * 6),
        11 => new Fault(at, FaultKind.Freeze, Deployment.Statistics, 13 + random.NextDouble() * 4),
        12 => new Fault(at, FaultKind.Flush, Deployment.Redis, 0),
        13 => new Fault(at, FaultKind.Churn, Deployment.SecondStatistics, 8 + random.Next(3) * 4),
        14 or 15 => new Fault(at, FaultKind.Cut, Pick(random, [Deployment.Gateway, Deployment.Postgres, Deployment.Redis]), 4, $"{random.Next(1, 6)}"),
        16 => new Fault(at, FaultKind.Silence, Pick(random, [Deployment.Gateway, Deployment.Postgres, Deployment.Redis]), 3 + random.NextDouble() * 5),
        17 => new Fault(at, FaultKind.DiskFull, Deployment.SecondGateway, 6 + random.NextDouble() * 4),
        18 => new Fault(at, FaultKind.Clock, Pick(random, [Deployment.Gateway, Deployment.SecondGateway, Deployment.Assignment, Deployment.Statistics]), 5, random.Next(2) == 0 ? "-1" : "1"),
        _ => new Fault(at, FaultKind.Poison, Deployment.Broker, 0),
    };

    private static string Pick(Random random, string[] among) => among[random.Next(among.Length)];
}
