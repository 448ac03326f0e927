using System.Runtime.InteropServices;

namespace CroPlatform.Experimentation.Facts;

/// <summary>
/// One unit's bounded memory: its facts in order of time. The same facts give the same history in whatever order they come, since
/// they are a set ordered by (time, id). It is the memory of event ids as well: an id that is in it is a copy.
/// </summary>
public sealed class UnitHistory
{
    /// <summary>More distinct events than this is no person.</summary>
    public const int MaxFacts = 2_000;

    /// <summary>
    /// How long a fact that nothing measures is kept after its receipt. Its id is remembered by it: events received more than 72 hours after
    /// they happened are not counted at all, so 73 hours would do for that. And an experiment that starts later takes covariates of up to 14 days
    /// before an exposure: a day more covers clocks and the way of its publication.
    /// </summary>
    public static readonly TimeSpan IdMemory = TimeSpan.FromDays(Metric.DefaultCovariateDays + 1);

    private static readonly Comparer<Fact> Order = Comparer<Fact>.Create(InOrder);

    private readonly List<Fact> _facts;
    private int _prunedAt;

    /// <param name="unitType">visitor, user, account or device.</param>
    public UnitHistory(string site, string unit, IEnumerable<Fact>? facts = null, bool isBot = false, string unitType = UnitTypes.Visitor)
    {
        Site = site;
        Unit = unit;
        UnitType = unitType;
        IsBot = isBot;
        _facts = facts is null ? [] : [.. facts];
        _facts.Sort(InOrder);
        _prunedAt = _facts.Count;
        foreach (var fact in _facts) LastReceivedMs = Math.Max(LastReceivedMs, fact.ReceivedMs);
    }

    public string Site { get; }
    public string Unit { get; }
    public string UnitType { get; }

    /// <summary>How the unit is called among those that are folded from the same topic: a visitor by its id, all others with their type.</summary>
    public string Name => NameOf(UnitType, Unit);

    public static string NameOf(string unitType, string unit) => unitType == UnitTypes.Visitor ? unit : $"{unitType}|{unit}";
    public IReadOnlyList<Fact> Facts => _facts;

    /// <summary>The same, as long as nothing is added or taken out.</summary>
    public ReadOnlySpan<Fact> AsSpan() => CollectionsMarshal.AsSpan(_facts);

    /// <summary>Once too many distinct events came: excluded from every analysis, for good.</summary>
    public bool IsBot { get; private set; }

    /// <summary>The latest receipt among the facts, or 0.</summary>
    public long LastReceivedMs { get; private set; }

    /// <summary>The latest event time among the facts, or 0.</summary>
    public long LastTimeMs => _facts.Count == 0 ? 0 : _facts[^1].TimeMs;

    public bool HasHeld => _facts.Exists(f => f.Held);

    /// <summary>The fact of this id, or null.</summary>
    public Fact? Find(FactId id)
    {
        foreach (var fact in _facts)
        {
            if (fact.Id == id) return fact;
        }

        return null;
    }

    /// <summary>False if an event of this id is there already.</summary>
    public bool TryAdd(Fact fact)
    {
        ArgumentNullException.ThrowIfNull(fact);
        if (Find(fact.Id) is not null) return false;
        var at = _facts.BinarySearch(fact, Order);
        _facts.Insert(at < 0 ? ~at : at, fact);
        LastReceivedMs = Math.Max(LastReceivedMs, fact.ReceivedMs);
        return true;
    }

    /// <summary>Takes facts out, whose ids may come again.</summary>
    /// <returns>Those that were taken out.</returns>
    public IReadOnlyList<Fact> Remove(Predicate<Fact> match)
    {
        var removed = _facts.FindAll(match);
        if (removed.Count == 0) return [];
        _facts.RemoveAll(match);
        _prunedAt = Math.Min(_prunedAt, _facts.Count);
        LastReceivedMs = _facts.Count == 0 ? 0 : _facts.Max(f => f.ReceivedMs);
        return removed;
    }

    /// <summary>
    /// Drops what neither an analysis nor the memory of ids needs any more, then marks the unit a bot if too much is left. Called after
    /// additions; looks again only when the history has grown by half since the last time.
    /// </summary>
    /// <param name="isMeasured">Whether any experiment of the site measures events of this type.</param>
    /// <param name="phaseOf">The phase an exposure falls into, or null: outside its experiment's run.</param>
    public void Trim(Func<string, bool> isMeasured, Func<Fact, int?> phaseOf)
    {
        ArgumentNullException.ThrowIfNull(isMeasured);
        ArgumentNullException.ThrowIfNull(phaseOf);
        if (_facts.Count <= Math.Max(8, _prunedAt + _prunedAt / 2) && _facts.Count <= MaxFacts) return;
        var oldest = LastReceivedMs - (long)IdMemory.TotalMilliseconds;
        var seen = new HashSet<(string, string, int)>();
        _facts.RemoveAll(f => !IsNeeded(f));
        if (_facts.Count > MaxFacts)
        {
            IsBot = true;
            // A bot's facts serve only to recognise copies from now on; the oldest make room.
            _facts.RemoveRange(0, _facts.Count - MaxFacts);
        }

        _prunedAt = _facts.Count;

        bool IsNeeded(Fact fact)
        {
            if (fact.Exposure is { } exposure && phaseOf(fact) is { } phase && seen.Add((exposure.Experiment, exposure.Variant, phase))) return true;
            return fact.ReceivedMs >= oldest || fact.Held || isMeasured(fact.Type);
        }
    }

    private static int InOrder(Fact a, Fact b)
    {
        var time = a.TimeMs.CompareTo(b.TimeMs);
        return time != 0 ? time : a.Id.CompareTo(b.Id);
    }
}
