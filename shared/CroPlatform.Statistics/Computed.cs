using System.Diagnostics.CodeAnalysis;

namespace CroPlatform.Statistics;

/// <summary>Why a figure has no value: a stable snake_case code for programs and a sentence for people.</summary>
public readonly record struct NotComputable(string Code, string Text)
{
    public static NotComputable InvalidInput(string text) => new("invalid_input", text);

    public static NotComputable TooFewUnits(string text) => new("too_few_units", text);

    public static NotComputable NoVariance(string text) => new("no_variance", text);

    public static NotComputable ZeroBaseline(string text) => new("zero_baseline", text);

    public static NotComputable Unbounded(string text) => new("unbounded_interval", text);

    public static NotComputable NoConvergence(string text) => new("no_convergence", text);

    public override string ToString() => $"{Code}: {Text}";
}

/// <summary>
/// A figure, or the reason there is none. Nothing in this library answers 0, 1 or NaN for "cannot be computed";
/// no method throws on finite input. <c>default</c> is "not computed".
/// </summary>
public readonly record struct Computed<T>
{
    private readonly T? _value;
    private readonly NotComputable _missing;

    private Computed(T? value, NotComputable missing, bool isComputed)
    {
        _value = value;
        _missing = missing;
        IsComputed = isComputed;
    }

    public bool IsComputed { get; }

    /// <summary>The figure.</summary>
    /// <exception cref="InvalidOperationException">There is none; see <see cref="Missing"/>.</exception>
    public T Value => IsComputed ? _value! : throw new InvalidOperationException($"Not computable: {Missing}");

    /// <summary>The reason there is no figure; null when there is one.</summary>
    public NotComputable? Missing =>
        IsComputed ? null : _missing.Code is null ? new NotComputable("not_computed", "Nothing was computed.") : _missing;

    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return IsComputed;
    }

    public Computed<TOut> Map<TOut>(Func<T, TOut> map) => IsComputed ? map(_value!) : Missing!.Value;

    public Computed<TOut> Then<TOut>(Func<T, Computed<TOut>> next) => IsComputed ? next(_value!) : Missing!.Value;

    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Computed<T>(T value) => HoldsNaN(value)
        ? new(default, new("out_of_range", "The values are too large or too small for double precision."), isComputed: false)
        : new(value, default, isComputed: true);

    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Computed<T>(NotComputable missing) => new(default, missing, isComputed: false);

    /// <summary>The last guard: whatever overflowed on the way, NaN never leaves as a figure.</summary>
    private static bool HoldsNaN(T value) => value switch
    {
        double number => double.IsNaN(number),
        Interval interval => double.IsNaN(interval.Low + interval.High) && !(double.IsInfinity(interval.Low) && double.IsInfinity(interval.High)),
        Estimate estimate => double.IsNaN(estimate.Value) || double.IsNaN(estimate.Interval.Low) || double.IsNaN(estimate.Interval.High),
        TestResult test => double.IsNaN(test.Statistic) || double.IsNaN(test.PValue) || double.IsNaN(test.LogPValue),
        SampleSummary summary => double.IsNaN(summary.Mean) || double.IsNaN(summary.Variance),
        _ => false,
    };

    public override string ToString() => IsComputed ? $"{_value}" : Missing.ToString()!;
}
