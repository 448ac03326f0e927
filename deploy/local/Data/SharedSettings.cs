using System.Collections;

namespace CroPlatform.Local.Data;

/// <summary>What the caller's environment sets for all services alike: one simulated clock, where telemetry goes, and rate limits.</summary>
internal static class SharedSettings
{
    private const string ClockStart = "CRO_CLOCK_START";
    private const string ClockRate = "CRO_CLOCK_RATE";

    // The real moment at which the simulated clock stood at its start.
    private const string ClockZero = "CRO_CLOCK_ZERO";
    private static readonly string[] Prefixes = ["CRO_CLOCK_", "OTEL_", "RateLimits__"];

    /// <summary>
    /// The variables to pass on. A simulated clock begins at its first start and runs on through later ones with the same
    /// settings, so that a restarted service does not go back in time.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Of(DataFolder data, IDictionary environment, DateTimeOffset now)
    {
        var settings = environment.Cast<DictionaryEntry>()
            .Where(pair => Prefixes.Any(prefix => ((string)pair.Key).StartsWith(prefix, StringComparison.Ordinal)))
            .ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value ?? "");
        if (!settings.TryGetValue(ClockStart, out var start) || settings.ContainsKey(ClockZero))
            return settings;

        var clock = new Clock(start, settings.GetValueOrDefault(ClockRate, "1"), now.ToString("O"));
        if (File.Exists(data.Clock) && Json.Read<Clock>(data.Clock) is var last && last.Start == clock.Start && last.Rate == clock.Rate)
            clock = last;
        DataFolder.WritePrivate(data.Clock, Json.Write(clock));
        settings[ClockZero] = clock.Zero;
        return settings;
    }

    private sealed record Clock(string Start, string Rate, string Zero);
}
