using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Configuration;

/// <summary>
/// All that the control plane has published, as one immutable snapshot: sites, who may call, every version of every experiment, and which
/// version is current. Each change gives a new snapshot; readers keep the one they hold.
/// </summary>
public sealed class Catalog
{
    public static readonly Catalog Empty = new(
        ImmutableDictionary<string, Site>.Empty,
        Access.None,
        ImmutableDictionary<(string, string), ExperimentVersions>.Empty,
        ImmutableHashSet<(string, string)>.Empty,
        ImmutableDictionary<(string, string), SavedGroup>.Empty,
        ImmutableDictionary<string, Erasures>.Empty);

    private readonly ImmutableDictionary<string, Site> _sites;
    private readonly ImmutableDictionary<(string Site, string Key), ExperimentVersions> _experiments;
    private readonly ImmutableHashSet<(string Site, string Event)> _measuredEvents;
    private readonly ImmutableDictionary<(string Site, string Key), SavedGroup> _groups;
    private readonly ImmutableDictionary<string, Erasures> _erasures;

    private Catalog(
        ImmutableDictionary<string, Site> sites,
        Access access,
        ImmutableDictionary<(string, string), ExperimentVersions> experiments,
        ImmutableHashSet<(string, string)> measuredEvents,
        ImmutableDictionary<(string, string), SavedGroup> groups,
        ImmutableDictionary<string, Erasures> erasures) =>
        (_sites, Access, _experiments, _measuredEvents, _groups, _erasures) = (sites, access, experiments, measuredEvents, groups, erasures);

    /// <summary>Who may call.</summary>
    public Access Access { get; }

    public IEnumerable<Site> Sites => _sites.Values;

    /// <summary>Every experiment that has been published, whatever its status.</summary>
    public IEnumerable<ExperimentVersions> Experiments => _experiments.Values;

    public ExperimentVersions? Find(string site, string experiment) => _experiments.GetValueOrDefault((site, experiment));

    public IEnumerable<SavedGroup> SavedGroups(string site) => _groups.Values.Where(g => g.Site == site);

    public IEnumerable<Erasure> AllErasures => _erasures.Values.SelectMany(e => e.All);

    /// <summary>Whose events of the site are not to be read.</summary>
    public Erasures Erasures(string site) => _erasures.GetValueOrDefault(site) ?? Configuration.Erasures.None;

    /// <summary>Whether any experiment of the site measures events of this type.</summary>
    public bool IsMeasured(string site, string eventType) => _measuredEvents.Contains((site, eventType));

    public Catalog With(Site site)
    {
        ArgumentNullException.ThrowIfNull(site);
        return new Catalog(
            _sites.SetItem(site.Key, site), Access.With(_sites.GetValueOrDefault(site.Key), site), _experiments, _measuredEvents, _groups, _erasures);
    }

    public Catalog With(SigningKey key) => new(_sites, Access.With(key), _experiments, _measuredEvents, _groups, _erasures);

    /// <summary>Access tokens of this user of a lower generation are void from now on.</summary>
    public Catalog WithTokenGeneration(string user, int generation) =>
        new(_sites, Access.WithTokenGeneration(user, generation), _experiments, _measuredEvents, _groups, _erasures);

    public Catalog With(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var key = (experiment.Site, experiment.Key);
        var versions = (_experiments.GetValueOrDefault(key) ?? ExperimentVersions.None).With(experiment);
        var events = _measuredEvents.Union(experiment.Metrics.SelectMany(m => m.Events).Select(e => (experiment.Site, e)));
        return new Catalog(_sites, Access, _experiments.SetItem(key, versions), events, _groups, _erasures);
    }

    /// <summary>A bandit's weights for an interval, which may come before the experiment itself. The same catalog if it is known already.</summary>
    public Catalog With(Allocation allocation)
    {
        ArgumentNullException.ThrowIfNull(allocation);
        var key = (allocation.Site, allocation.Experiment);
        var before = _experiments.GetValueOrDefault(key) ?? ExperimentVersions.None;
        var after = before.With(allocation);
        return ReferenceEquals(before, after) ? this : new Catalog(_sites, Access, _experiments.SetItem(key, after), _measuredEvents, _groups, _erasures);
    }

    public Catalog With(SavedGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return new Catalog(_sites, Access, _experiments, _measuredEvents, _groups.SetItem((group.Site, group.Key), group), _erasures);
    }

    public Catalog With(Erasure erasure)
    {
        ArgumentNullException.ThrowIfNull(erasure);
        return new Catalog(
            _sites, Access, _experiments, _measuredEvents, _groups, _erasures.SetItem(erasure.Site, Erasures(erasure.Site).With(erasure)));
    }

    /// <summary>Moves the pointer; a pointer to a version that has not come yet is kept until it does.</summary>
    public Catalog WithCurrent(string site, string experiment, int version)
    {
        var versions = (_experiments.GetValueOrDefault((site, experiment)) ?? ExperimentVersions.None).Point(version);
        return new Catalog(_sites, Access, _experiments.SetItem((site, experiment), versions), _measuredEvents, _groups, _erasures);
    }
}

/// <summary>The published versions of one experiment; a bandit's with the phases that its intervals are.</summary>
public sealed class ExperimentVersions
{
    internal static readonly ExperimentVersions None = new(ImmutableSortedDictionary<int, Experiment>.Empty, 0, []);

    private readonly ImmutableSortedDictionary<int, Experiment> _versions;
    private readonly int _pointer;
    private readonly ImmutableArray<Allocation> _allocations;

    private ExperimentVersions(ImmutableSortedDictionary<int, Experiment> versions, int pointer, ImmutableArray<Allocation> allocations)
    {
        (_versions, _pointer, _allocations) = (versions, pointer, allocations);
        Current = versions.GetValueOrDefault(pointer) is { } current ? AllocatedPhases.Of(current, allocations) : null;
    }

    /// <summary>The version in force; null while the pointer or its version has not come.</summary>
    public Experiment? Current { get; }

    /// <summary>A version with so many of its intervals; null while it, or one of them, has not come.</summary>
    public Experiment? Find(int version, int allocations = 0) => allocations <= _allocations.Length && _versions.GetValueOrDefault(version) is { } found
        ? AllocatedPhases.Of(found, _allocations[..allocations])
        : null;

    /// <summary>When the first change took effect of those that made the current version of the given one; null if there is none. Without one: all that there were.</summary>
    public long? ChangedSince(Experiment? known)
    {
        var changes = _versions.Where(v => v.Key > (known?.Version ?? 0) && v.Key <= _pointer).Select(v => v.Value.EffectiveMs);
        if (Current?.Allocations > 0) changes = changes.Concat(_allocations.Skip(known?.Allocations ?? 0).Select(a => a.EffectiveMs));
        return changes.Select(ms => (long?)ms).Min();
    }

    internal ExperimentVersions With(Experiment experiment) => new(_versions.SetItem(experiment.Version, experiment), _pointer, _allocations);

    internal ExperimentVersions With(Allocation allocation) =>
        _allocations is [.., var last] && last.Phase >= allocation.Phase ? this : new(_versions, _pointer, _allocations.Add(allocation));

    internal ExperimentVersions Point(int version) => new(_versions, Math.Max(_pointer, version), _allocations);
}
