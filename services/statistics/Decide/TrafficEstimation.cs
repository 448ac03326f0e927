using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>What a site's units did in the last days, for planning: how many there are, and what they count for each metric.</summary>
/// <param name="Units">Different units in those days, scaled up from the sample.</param>
/// <param name="Days">The days that the sample covers: fewer than asked for where the site is younger.</param>
internal sealed record TrafficFigures(double Units, double Days, long Sampled, IReadOnlyList<BaselineFigures> Metrics);

/// <param name="Mean">Of one unit with an outcome; of a ratio, the ratio.</param>
/// <param name="StandardDeviation">Of one unit; of a ratio, by the delta method.</param>
/// <param name="Missing">Why there are no figures; null: there are.</param>
internal sealed record BaselineFigures(string Key, long N, double Mean, double StandardDeviation, string? Missing);

/// <summary>Takes a sample of units in and tells the figures.</summary>
internal sealed class TrafficEstimation(IReadOnlyList<Metric> metrics, long fromMs, long toMs)
{
    private const double DayMs = 86_400_000;

    private readonly OutcomePreview _preview = new(metrics);
    private readonly Sums[] _sums = [.. metrics.Select(_ => new Sums())];
    private long _units;
    private long _earliest = long.MaxValue;

    public void Take(UnitHistory history)
    {
        if (_preview.Of(history, fromMs, toMs, out var firstMs) is not { } outcomes) return;
        _units++;
        _earliest = Math.Min(_earliest, firstMs);
        for (var i = 0; i < outcomes.Length; i++) _sums[i].Add(outcomes[i]);
    }

    /// <param name="scale">Units that each sampled one stands for.</param>
    public TrafficFigures Figures(double scale) => new(
        _units * scale,
        _units == 0 ? 0 : Math.Max(1, (toMs - _earliest) / DayMs),
        _units,
        [.. metrics.Select((m, i) => _sums[i].Of(m))]);

    private sealed class Sums
    {
        private long _n;
        private double _x, _y, _xx, _yy, _xy;

        public void Add(Outcome outcome)
        {
            if (!outcome.Counts) return;
            var (x, y) = ((double)outcome.X / Scaled.One, (double)outcome.Y / Scaled.One);
            _n++;
            (_x, _y, _xx, _yy, _xy) = (_x + x, _y + y, _xx + x * x, _yy + y * y, _xy + x * y);
        }

        public BaselineFigures Of(Metric metric)
        {
            if (metric.Kind == MetricKind.Quantile) return Missing("quantile");
            if (_n < 2) return Missing("no_traffic");
            var mean = _x / _n;
            if (metric.Kind != MetricKind.Ratio) return new BaselineFigures(metric.Key, _n, mean, Root(_xx, _x, _x), null);
            if (_y == 0) return Missing("no_traffic");
            var ratio = _x / _y;
            // Var(x − ratio · y) of one unit, over the mean denominator squared.
            var spread = _xx - 2 * ratio * _xy + ratio * ratio * _yy;
            return new BaselineFigures(metric.Key, _n, ratio, Math.Sqrt(Math.Max(0, spread / (_n - 1))) / Math.Abs(_y / _n), null);

            BaselineFigures Missing(string why) => new(metric.Key, _n, 0, 0, why);
            double Root(double squares, double a, double b) => Math.Sqrt(Math.Max(0, (squares - a * b / _n) / (_n - 1)));
        }
    }
}
