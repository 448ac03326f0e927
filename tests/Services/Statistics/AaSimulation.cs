using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>
/// Experiments whose truth is known, judged at every hour of two weeks as the service judges them: on matured units, with the sample-ratio
/// check, and with looks stored when they fall due.
/// </summary>
internal static class AaSimulation
{
    public const double Alpha = 0.05;

    /// <summary>Units an hour that give each arm 14 784 in two weeks: 14 751 find a tenth of 10 % with 80 % power by one look.</summary>
    private const int UnitsPerHour = 88;

    private const int Days = 14;
    private const double Rate = 0.1;
    private const long HourMs = 3_600_000;
    private const long DayMs = 24 * HourMs;
    private const long Start = 20_000 * DayMs;

    /// <returns>In how many of the runs a winner or a loser was named at any hour, and in how many the right arm won.</returns>
    /// <param name="effect">The treatment's lift.</param>
    public static (int Verdicts, int Winners) Run(DecisionMethod method, int experiments, double effect, int seed)
    {
        var (verdicts, winners) = (0, 0);
        Parallel.For(0, experiments, run =>
        {
            var verdict = First(method, effect, new Random(seed + run));
            if (verdict is not null) Interlocked.Increment(ref verdicts);
            if (verdict == "winner") Interlocked.Increment(ref winners);
        });
        return (verdicts, winners);
    }

    /// <summary>The first verdict that names a better or a worse arm; null if none does.</summary>
    private static string? First(DecisionMethod method, double effect, Random random)
    {
        var experiment = ExperimentOf(method);
        var (cells, looks) = (new Dictionary<CellKey, Cell>(), new List<Look>());
        for (var hour = 0; hour < Days * 24; hour++)
        {
            for (var i = 0; i < UnitsPerHour; i++)
            {
                var variant = random.Next(2);
                Add(cells, hour / 24, variant, random.NextDouble() < Rate * (variant == 1 ? 1 + effect : 1));
            }

            if (Judged(experiment, cells, looks, Start + (hour + 1) * HourMs) is { } verdict) return verdict;
        }

        // The last day's windows close.
        return Judged(experiment, cells, looks, Start + (Days + 1) * DayMs + HourMs);
    }

    private static string? Judged(Experiment experiment, Dictionary<CellKey, Cell> cells, List<Look> looks, long nowMs)
    {
        var numbers = new Numbers([.. cells.Select(c => (c.Key, c.Value))], new Dictionary<ExclusionKey, long>(), IsComplete: true);
        if (Analyst.LookDue(experiment, numbers, looks, DateTimeOffset.FromUnixTimeMilliseconds(nowMs)) is { } look) looks.Add(look);
        var verdict = Judge.Of(experiment, numbers, looks, TrafficCheck.SampleRatio(experiment, numbers), nowMs).Value;
        return verdict is "winner" or "loser" ? verdict : null;
    }

    private static void Add(Dictionary<CellKey, Cell> cells, int day, int variant, bool converted)
    {
        var key = new CellKey("s", "e", 1, 0, (int)(Start / DayMs) + day, variant);
        if (!cells.TryGetValue(key, out var cell)) cells[key] = cell = new Cell(1);
        cell.Units++;
        cell.Moments[0] += ExactCrossMoments.Of(converted ? Scaled.One : 0, 0);
    }

    private static Experiment ExperimentOf(DecisionMethod method) => new()
    {
        Site = "s",
        Key = "e",
        Version = 1,
        EffectiveMs = Start,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics = [new Metric { Key = "m", Kind = MetricKind.Conversion, Event = "x", WindowHours = 1 }],
        Decision = new DecisionRule { Method = method, Confidence = 1 - Alpha, MaxSample = Days * 12 * UnitsPerHour, MaxDays = Days + 1 },
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(Start, 0)] }],
    };
}
