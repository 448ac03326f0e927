using System.Globalization;

namespace CroPlatform.ServiceDefaults;

/// <summary>
/// A clock that starts where CRO_CLOCK_START says (ISO 8601) and runs CRO_CLOCK_RATE times as fast, the same in every service that was
/// given the same two values: it is derived from the system clock, counted from 2026-01-01T00:00:00Z. Timers keep real time.
/// </summary>
public sealed class SimulatedClock : TimeProvider
{
    private static readonly DateTimeOffset Origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DateTimeOffset _start;
    private readonly double _rate;
    private readonly DateTimeOffset _startedAt;

    private SimulatedClock(DateTimeOffset start, double rate, DateTimeOffset startedAt) => (_start, _rate, _startedAt) = (start, rate, startedAt);

    /// <summary>The system clock unless CRO_CLOCK_START is set.</summary>
    /// <param name="variable">Reads an environment variable. CRO_CLOCK_ZERO names the real moment at which the simulated clock stood at its start.</param>
    /// <exception cref="FormatException">A variable is set to something else than a time or a positive number.</exception>
    public static TimeProvider FromEnvironment(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        if (variable("CRO_CLOCK_START") is not { Length: > 0 } start) return System;
        var rate = variable("CRO_CLOCK_RATE") is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : 1;
        if (rate is not (> 0 and < 1e6)) throw new FormatException("CRO_CLOCK_RATE must be a positive number below 1e6");
        var zero = variable("CRO_CLOCK_ZERO") is { Length: > 0 } at ? Parse(at) : Origin;
        return new SimulatedClock(Parse(start), rate, zero);

        static DateTimeOffset Parse(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
    }

    public override DateTimeOffset GetUtcNow() => _start + (DateTimeOffset.UtcNow - _startedAt) * _rate;
}
