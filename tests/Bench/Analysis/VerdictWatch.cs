using System.Text.Json;

namespace CroPlatform.Bench.Analysis;

/// <summary>Every result that is published of some experiments, each of which is a look.</summary>
internal sealed class VerdictWatch(IEnumerable<string> experiments)
{
    private readonly Dictionary<string, Seen> _seen = experiments.ToDictionary(e => e, _ => new Seen());

    /// <summary>A winner or a loser was named, if only for a while.</summary>
    public bool HadVerdict(string experiment) => Of(experiment, s => s.HadVerdict);

    public bool WasBlocked(string experiment) => Of(experiment, s => s.WasBlocked);

    /// <summary>The treatment is the winner by the last look.</summary>
    public bool IsWon(string experiment) => Of(experiment, s => s.Verdict == "winner");

    public bool IsDecided(string experiment) => Of(experiment, s => s.Verdict is not ("" or "undecided"));

    public long Exposures(string experiment) => Of(experiment, s => s.Exposures);

    public int Looks(string experiment) => Of(experiment, s => s.Looks);

    /// <summary>A moment's hour, counted since 1970.</summary>
    public static long HourOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / 3_600;

    /// <summary>How many of these hours have no look.</summary>
    public int HoursWithoutLook(string experiment, IEnumerable<long> hours) => Of(experiment, s => hours.Count(hour => !s.Hours.Contains(hour)));

    public void Take(string experiment, JsonElement results)
    {
        if (!_seen.TryGetValue(experiment, out var seen)) return;
        lock (_seen)
        {
            seen.Verdict = results.GetProperty("decision").GetProperty("verdict").GetString()!;
            seen.HadVerdict |= seen.Verdict is "winner" or "loser";
            seen.WasBlocked |= seen.Verdict == "blocked";
            seen.Exposures = results.GetProperty("exposures").GetInt64();
            seen.Looks++;
            seen.Hours.Add(HourOf(results.GetProperty("as_of").GetDateTimeOffset()));
        }
    }

    private T Of<T>(string experiment, Func<Seen, T> figure)
    {
        lock (_seen) return figure(_seen[experiment]);
    }

    private sealed class Seen
    {
        public string Verdict { get; set; } = "";
        public bool HadVerdict { get; set; }
        public bool WasBlocked { get; set; }
        public long Exposures { get; set; }
        public int Looks { get; set; }
        public HashSet<long> Hours { get; } = [];
    }
}
