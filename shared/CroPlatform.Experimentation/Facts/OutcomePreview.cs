using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Facts;

/// <summary>What units would count for metrics if they had been exposed with their first event of a time that is over: for planning.</summary>
public sealed class OutcomePreview(IEnumerable<Metric> metrics)
{
    private const double HourMs = 3_600_000;

    private readonly ImmutableArray<(double WindowMs, MetricReader Reader)> _metrics =
        [.. metrics.Select(m => (m.WindowHours > 0 ? m.WindowHours * HourMs : double.PositiveInfinity, new MetricReader(m)))];

    /// <param name="history">The unit.</param>
    /// <param name="fromMs">Where that time begins, milliseconds since 1970.</param>
    /// <param name="toMs">Where it ends, exclusive.</param>
    /// <param name="firstMs">The unit's first event in that time.</param>
    /// <returns>One outcome a metric, in their order; null if the unit did nothing in that time, or is a bot.</returns>
    public ImmutableArray<Outcome>? Of(UnitHistory history, long fromMs, long toMs, out long firstMs)
    {
        ArgumentNullException.ThrowIfNull(history);
        var first = history.IsBot ? null : history.Facts.FirstOrDefault(f => f.TimeMs >= fromMs && f.TimeMs < toMs);
        firstMs = first?.TimeMs ?? 0;
        if (first is null) return null;
        var exposed = firstMs;
        return [.. _metrics.Select(m => m.Reader.Outcome(history.AsSpan(), exposed, (long)Math.Min(exposed + m.WindowMs, toMs), withCovariate: false))];
    }
}
