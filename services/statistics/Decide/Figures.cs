using CroPlatform.Statistics;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>Takes figures out of what may not be computable, and notes the reasons of those that are missing.</summary>
internal readonly struct Figures(Dictionary<string, string> missing)
{
    public double? Take<T>(string name, Computed<T> computed, Func<T, double> figure)
    {
        if (computed.TryGet(out var value) && figure(value) is var number && double.IsFinite(number)) return number;
        missing[name] = computed.Missing?.Code ?? "not_finite";
        return null;
    }

    public double[]? TakeInterval(string name, Computed<Estimate> estimate) => TakeInterval(name, estimate.Map(e => e.Interval));

    public double[]? TakeInterval(string name, Computed<Interval> computed)
    {
        if (computed.TryGet(out var interval) && double.IsFinite(interval.Low) && double.IsFinite(interval.High)) return [interval.Low, interval.High];
        missing[name] = computed.Missing?.Code ?? "unbounded_interval";
        return null;
    }
}
