using System.Collections.Immutable;
using System.Text.Json;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>
/// Everything that decides about a site's units: the current version of each experiment and the saved groups, compiled. Immutable, for many
/// threads at once; a change gives a new one that shares what has not changed. Decides without I/O and locks.
/// </summary>
public sealed class SiteRules
{
    public static readonly SiteRules Empty = new(
        ImmutableDictionary<string, CompiledExperiment>.Empty,
        ImmutableDictionary<string, SavedGroup>.Empty,
        ImmutableDictionary<string, JsonElement>.Empty);

    private readonly ImmutableDictionary<string, CompiledExperiment> _experiments;
    private readonly ImmutableDictionary<string, SavedGroup> _groups;
    private readonly ImmutableDictionary<string, JsonElement> _values;

    private SiteRules(
        ImmutableDictionary<string, CompiledExperiment> experiments,
        ImmutableDictionary<string, SavedGroup> groups,
        ImmutableDictionary<string, JsonElement> values) => (_experiments, _groups, _values) = (experiments, groups, values);

    /// <summary>Every published experiment, in no order.</summary>
    public IEnumerable<CompiledExperiment> Experiments => _experiments.Values;

    public IEnumerable<SavedGroup> SavedGroups => _groups.Values;

    public CompiledExperiment? Find(string experiment) => _experiments.GetValueOrDefault(experiment);

    /// <summary>The rules with this version of an experiment in force. An older version than the one in force changes nothing.</summary>
    /// <exception cref="FormatException">Something in it cannot be compiled; the rules stay as they are.</exception>
    public SiteRules With(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        if (Find(experiment.Key)?.Experiment.Version > experiment.Version) return this;
        return new SiteRules(_experiments.SetItem(experiment.Key, new CompiledExperiment(experiment, _values)), _groups, _values);
    }

    /// <summary>The rules with this saved group; experiments that name it are compiled again.</summary>
    /// <exception cref="FormatException">Its values are no JSON array; the rules stay as they are.</exception>
    public SiteRules With(SavedGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var values = _values.SetItem(group.Key, Values(group));
        var experiments = _experiments;
        foreach (var compiled in Naming(group))
        {
            experiments = experiments.SetItem(compiled.Experiment.Key, new CompiledExperiment(compiled.Experiment, values));
        }

        return new SiteRules(experiments, _groups.SetItem(group.Key, group), values);
    }

    /// <summary>The experiments whose targeting names this group.</summary>
    public IEnumerable<CompiledExperiment> Naming(SavedGroup group) => Experiments.Where(e => e.Targeting?.Groups.Contains(group.Key) == true);

    /// <summary>
    /// What an experiment decides for a unit. In this order: not running, no unit, forced, holdouts, prerequisites, schedule with targeting
    /// and pages, layers, what was remembered, coverage and split. A unit that is held out is decided further all the same, to tell
    /// whether it would have taken part.
    /// </summary>
    public Decision Decide(string experiment, in EvaluationContext context) =>
        Find(experiment)?.Decide(this, context) ?? Decision.Unknown;

    /// <summary>The sticky experiments whose remembered variants this decision reads: itself, and those among its prerequisites.</summary>
    public IEnumerable<CompiledExperiment> StickyFor(string experiment)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>([experiment]);
        while (open.TryPop(out var key))
        {
            if (!seen.Add(key) || Find(key) is not { } found) continue;
            if (found.Experiment.Sticky && found.Experiment.Status == ExperimentStatus.Running) yield return found;
            foreach (var prerequisite in found.Experiment.Prerequisites) open.Push(prerequisite.Experiment);
        }
    }

    /// <summary>When a schedule next opens or closes: until then the same payload holds. Null: never.</summary>
    public DateTimeOffset? NextChange(DateTimeOffset after) => Experiments
        .Where(e => e.Experiment.Status == ExperimentStatus.Running)
        .Select(e => e.Experiment.Schedule?.NextChange(after)).Min();

    private static JsonElement Values(SavedGroup group)
    {
        try
        {
            using var document = JsonDocument.Parse(group.ValuesJson);
            if (document.RootElement.ValueKind == JsonValueKind.Array) return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new FormatException($"the values of saved group '{group.Key}' are no JSON", e);
        }

        throw new FormatException($"the values of saved group '{group.Key}' are no array");
    }
}
