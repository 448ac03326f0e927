using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace CroPlatform.Experimentation.Facts;

/// <summary>Turns a unit's facts into its outcome of one metric.</summary>
internal sealed class MetricReader
{
    private const long DayMs = 86_400_000;

    /// <summary>Of a millisecond, in seconds: units of 1e-4.</summary>
    private const long DurationScale = Scaled.One / 1_000;

    private readonly Metric _metric;
    private readonly EventReader _events;
    private readonly EventReader? _denominator;
    private readonly EventReader? _start;
    private readonly ImmutableArray<EventReader> _steps;
    private readonly long _cap;
    private readonly ImmutableArray<string> _types;

    public MetricReader(Metric metric)
    {
        _metric = metric;
        _events = new EventReader(metric.Event, metric.ValueProperty, metric.FilterJson, metric.Value);
        _denominator = metric.Denominator is { } term ? new EventReader(term.Event, term.ValueProperty, term.FilterJson, term.Value) : null;
        _start = metric.StartEvent.Length > 0 ? new EventReader(metric.StartEvent, "", default, TermValue.One) : null;
        _steps = [.. metric.Steps.Select(s => new EventReader(s.Event, "", s.FilterJson, TermValue.One))];
        _types = [.. metric.Events.Distinct().Select(SharedNames.Of)];
        _cap = Math.Min(metric.CapE4 ?? Scaled.Max, Scaled.Max);
    }

    /// <summary>Whether events of one of these types are looked at.</summary>
    public bool Reads(IReadOnlyList<string> types)
    {
        for (var i = 0; i < types.Count; i++)
        {
            if (_types.Contains(types[i])) return true;
        }

        return false;
    }

    /// <summary>The outcome over the facts from the exposure on and before the end of the window.</summary>
    /// <param name="withCovariate">Whether the facts before the exposure are to be had at all.</param>
    public Outcome Outcome(ReadOnlySpan<Fact> facts, long exposedMs, long endMs, bool withCovariate)
    {
        if (exposedMs < _metric.CountsFromMs) return Facts.Outcome.None;
        var covariate = withCovariate && _metric.HasCovariate ? Covariate(facts, exposedMs) : 0;
        switch (_metric.Kind)
        {
            case MetricKind.Conversion when !_steps.IsEmpty: return Funnel(facts, exposedMs, endMs);
            case MetricKind.Conversion: return One(Happened(facts, exposedMs, endMs), covariate);
            case MetricKind.Retention:
                var from = exposedMs + _metric.Day * DayMs;
                return One(Happened(facts, from, from + DayMs), covariate);
            case MetricKind.Count: return One(Capped(Count(facts, exposedMs, endMs)), covariate);
            case MetricKind.Sum: return One(Capped(_events.Sum(facts, exposedMs, endMs)), covariate);
            case MetricKind.Mean: return Mean(facts, exposedMs, endMs) is { } mean ? One(Capped(mean), covariate) : Facts.Outcome.None;
            case MetricKind.Ratio: return One(Capped(_events.Sum(facts, exposedMs, endMs)), _denominator!.Sum(facts, exposedMs, endMs));
            case MetricKind.Quantile: return Facts.Outcome.None with { Values = Values(facts, exposedMs, endMs) };
            case MetricKind.Duration: return Duration(facts, exposedMs, endMs) is { } duration ? One(Capped(duration), 0) : Facts.Outcome.None;
            default: throw new InvalidOperationException($"metric kind {_metric.Kind} cannot be folded");
        }
    }

    private static Outcome One(long x, long y) => new(true, x, y, []);

    private long Capped(long value) => Math.Clamp(value, -Scaled.Max, _cap);

    /// <summary>The same outcome over the days before the exposure, without the cap; what a unit without any did then is 0.</summary>
    private long Covariate(ReadOnlySpan<Fact> facts, long exposedMs)
    {
        var from = exposedMs - _metric.CovariateDays * DayMs;
        return _metric.Kind switch
        {
            MetricKind.Count => Count(facts, from, exposedMs),
            MetricKind.Sum => _events.Sum(facts, from, exposedMs),
            MetricKind.Mean => Mean(facts, from, exposedMs) ?? 0,
            _ => Happened(facts, from, exposedMs),
        };
    }

    private long Happened(ReadOnlySpan<Fact> facts, long fromMs, long toMs)
    {
        foreach (var fact in facts)
        {
            if (IsTaken(fact, fromMs, toMs)) return Scaled.One;
        }

        return 0;
    }

    private long Count(ReadOnlySpan<Fact> facts, long fromMs, long toMs)
    {
        var count = 0L;
        foreach (var fact in facts)
        {
            if (IsTaken(fact, fromMs, toMs)) count += Scaled.One;
        }

        return count;
    }

    private long? Mean(ReadOnlySpan<Fact> facts, long fromMs, long toMs)
    {
        var (total, count) = (0L, 0);
        foreach (var fact in facts)
        {
            if (!IsTaken(fact, fromMs, toMs) || _events.ValueOf(fact) is not { } value) continue;
            total += value;
            count++;
        }

        return count == 0 ? null : (long)decimal.Round((decimal)total / count, 0, MidpointRounding.ToEven);
    }

    private ImmutableArray<long> Values(ReadOnlySpan<Fact> facts, long fromMs, long toMs)
    {
        var values = new List<long>();
        foreach (var fact in facts)
        {
            if (IsTaken(fact, fromMs, toMs) && _events.ValueOf(fact) is { } value) values.Add(Capped(value));
        }

        return [.. CollectionsMarshal.AsSpan(values)];
    }

    private long? Duration(ReadOnlySpan<Fact> facts, long fromMs, long toMs)
    {
        var start = _start is null ? fromMs : (long?)null;
        foreach (var fact in facts)
        {
            if (fact.TimeMs < fromMs || fact.TimeMs >= toMs) continue;
            if (start is not null && _events.Takes(fact)) return (fact.TimeMs - start.Value) * DurationScale;
            if (start is null && _start!.Takes(fact)) start = fact.TimeMs;
        }

        return null;
    }

    /// <summary>Each event takes at most one step, the next one.</summary>
    private Outcome Funnel(ReadOnlySpan<Fact> facts, long fromMs, long toMs)
    {
        var taken = 0;
        foreach (var fact in facts)
        {
            if (fact.TimeMs < fromMs || fact.TimeMs >= toMs || !_steps[taken].Takes(fact)) continue;
            if (++taken == _steps.Length) break;
        }

        return new Outcome(true, taken == _steps.Length ? Scaled.One : 0, 0, [taken]);
    }

    private bool IsTaken(Fact fact, long fromMs, long toMs) => fact.TimeMs >= fromMs && fact.TimeMs < toMs && _events.Takes(fact);
}
