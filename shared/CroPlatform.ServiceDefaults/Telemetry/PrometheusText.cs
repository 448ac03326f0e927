using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace CroPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// The current state of all meters in Prometheus' text exposition format 0.0.4. Names follow OpenTelemetry's rules for Prometheus:
/// dots become underscores, units are spelt out, counters end in _total.
/// </summary>
internal sealed class PrometheusText : BaseExporter<Metric>
{
    private readonly Lock _lock = new();
    private StringBuilder? _text;

    /// <summary>Collects and renders.</summary>
    public string Render(MeterProvider provider)
    {
        lock (_lock)
        {
            _text = new StringBuilder(16_384);
            provider.ForceFlush();
            return _text.ToString();
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        if (_text is not { } text) return ExportResult.Success;
        text.Clear();
        var described = new HashSet<string>();
        foreach (var metric in batch) Append(text, metric, described);
        return ExportResult.Success;
    }

    private static void Append(StringBuilder text, Metric metric, HashSet<string> described)
    {
        var type = metric.MetricType;
        var isCounter = type is MetricType.LongSum or MetricType.DoubleSum;
        var name = NameOf(metric, isCounter);
        if (described.Add(name))
        {
            var kind = type == MetricType.Histogram ? "histogram" : isCounter ? "counter" : "gauge";
            text.Append("# HELP ").Append(name).Append(' ').Append(metric.Description.Replace('\n', ' ')).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
        }

        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = Labels(point.Tags);
            switch (type)
            {
                case MetricType.LongSum or MetricType.LongSumNonMonotonic: Line(text, name, labels, point.GetSumLong()); break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic: Line(text, name, labels, point.GetSumDouble()); break;
                case MetricType.LongGauge: Line(text, name, labels, point.GetGaugeLastValueLong()); break;
                case MetricType.DoubleGauge: Line(text, name, labels, point.GetGaugeLastValueDouble()); break;
                case MetricType.Histogram: Histogram(text, name, labels, point); break;
            }
        }
    }

    private static void Histogram(StringBuilder text, string name, string labels, in MetricPoint point)
    {
        var cumulative = 0L;
        var prefix = labels.Length == 0 ? "" : labels + ",";
        foreach (var bucket in point.GetHistogramBuckets())
        {
            cumulative += bucket.BucketCount;
            var bound = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : bucket.ExplicitBound.ToString(CultureInfo.InvariantCulture);
            Line(text, name + "_bucket", $"{prefix}le=\"{bound}\"", cumulative);
        }

        Line(text, name + "_sum", labels, point.GetHistogramSum());
        Line(text, name + "_count", labels, point.GetHistogramCount());
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string NameOf(Metric metric, bool isCounter)
    {
        var name = new StringBuilder(metric.Name.Length + 16);
        foreach (var c in metric.Name) name.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        var unit = metric.Unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            "1" => "_ratio",
            _ => "",
        };
        if (unit.Length > 0 && !metric.Name.EndsWith(unit[1..], StringComparison.Ordinal)) name.Append(unit);
        if (isCounter) name.Append("_total");
        return name.ToString();
    }

    private static string Labels(ReadOnlyTagCollection tags)
    {
        var labels = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            if (labels.Length > 0) labels.Append(',');
            foreach (var c in key) labels.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            labels.Append("=\"").Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        }

        return labels.ToString();
    }
}
