using System.Collections.Immutable;

namespace CroPlatform.Experimentation;

/// <summary>The weights of a bandit for an interval: an interval is a phase.</summary>
/// <param name="Phase">Numbers the intervals of an experiment: one that is not above the last one is a copy.</param>
/// <param name="Weights">One a variant, each 0 to 1, sum 1.</param>
/// <param name="EffectiveMs">When it begins, milliseconds since 1970 UTC.</param>
public sealed record Allocation(string Site, string Experiment, int Phase, ImmutableArray<double> Weights, long EffectiveMs);

/// <summary>A bandit's phases as they were in force: those that were published, each cut by the intervals that began in it.</summary>
public static class AllocatedPhases
{
    /// <summary>
    /// The experiment with its intervals as phases, numbered in order of time. An interval goes on over pauses, until the next one or until other
    /// probabilities are published. Intervals that do not fit the variants, or begin before the start, after the stop or before the one
    /// in front of them, leave no phase.
    /// </summary>
    /// <param name="published">Of any kind: only a bandit has intervals.</param>
    /// <param name="allocations">All that are known, in the order of the log.</param>
    public static Experiment Of(Experiment published, ImmutableArray<Allocation> allocations)
    {
        ArgumentNullException.ThrowIfNull(published);
        if (published.Kind != ExperimentKind.Bandit || allocations.IsEmpty) return published;
        var taken = Taken(published, allocations);
        var phases = ImmutableArray.CreateBuilder<Phase>();
        for (var i = 0; i < published.Phases.Length; i++)
        {
            var phase = published.Phases[i];
            var next = i + 1 < published.Phases.Length ? FromOf(published, i + 1) : long.MaxValue;
            var from = FromOf(published, i);
            List<Allocation?> parts = [null, .. taken.Where(a => a.EffectiveMs >= from && a.EffectiveMs < next)];
            for (var k = 0; k < parts.Count; k++)
            {
                var begins = parts[k]?.EffectiveMs ?? long.MinValue;
                var ends = k + 1 < parts.Count ? parts[k + 1]!.EffectiveMs : long.MaxValue;
                phases.Add(phase with { Index = phases.Count, Weights = parts[k]?.Weights ?? phase.Weights, Periods = Within(phase.Periods, begins, ends) });
            }
        }

        return published with { Phases = phases.ToImmutable(), Allocations = allocations.Length };
    }

    private static List<Allocation> Taken(Experiment published, ImmutableArray<Allocation> allocations)
    {
        var taken = new List<Allocation>();
        foreach (var allocation in allocations)
        {
            var isInside = allocation.EffectiveMs >= published.StartedMs && (published.StoppedMs == 0 || allocation.EffectiveMs < published.StoppedMs);
            var isNext = taken.Count == 0 || allocation.EffectiveMs >= taken[^1].EffectiveMs;
            if (isInside && isNext && allocation.Weights.Length == published.Variants.Length) taken.Add(allocation);
        }

        return taken;
    }

    /// <summary>A phase that was begun in a pause and has not run yet begins where the one before it ended.</summary>
    private static long FromOf(Experiment published, int index)
    {
        if (!published.Phases[index].Periods.IsEmpty) return published.Phases[index].Periods[0].FromMs;
        for (var i = index - 1; i >= 0; i--)
        {
            if (published.Phases[i].Periods is [.., { ToMs: > 0 } last]) return last.ToMs;
        }

        return published.StartedMs;
    }

    private static ImmutableArray<Period> Within(ImmutableArray<Period> periods, long fromMs, long toMs)
    {
        var within = ImmutableArray.CreateBuilder<Period>();
        foreach (var period in periods)
        {
            var (from, to) = (Math.Max(period.FromMs, fromMs), Math.Min(period.ToMs == 0 ? long.MaxValue : period.ToMs, toMs));
            if (from < to) within.Add(new Period(from, to == long.MaxValue ? 0 : to));
        }

        return within.ToImmutable();
    }
}
