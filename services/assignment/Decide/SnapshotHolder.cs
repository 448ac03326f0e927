using System.Diagnostics.Metrics;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using Microsoft.Extensions.Options;
using Experiment = CroPlatform.Experimentation.Experiment;
using SavedGroup = CroPlatform.Experimentation.SavedGroup;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>Holds the snapshot in force and swaps it whole when a version becomes current.</summary>
internal sealed class SnapshotHolder
{
    private readonly CatalogReader _catalog;
    private readonly TimeSpan _maxStaleness;
    private readonly Lock _changing = new();
    private volatile Snapshot _current = Snapshot.Empty;

    public SnapshotHolder(CatalogReader catalog, IOptions<AssignmentOptions> options, IMeterFactory meters)
    {
        _catalog = catalog;
        _maxStaleness = TimeSpan.FromSeconds(options.Value.MaxStalenessSeconds);
        catalog.Changed += Apply;
        meters.Create("CroPlatform.Assignment").CreateObservableGauge(
            "cro.assignment.staleness", () => catalog.Staleness.TotalSeconds, "s", "How long ago the log last confirmed the configuration.");
    }

    public Snapshot Current => _current;

    /// <summary>Nothing was heard from the log for too long, or it was never read to its end.</summary>
    public bool IsStale => !_catalog.HasCaughtUp || _catalog.Staleness > _maxStaleness;

    /// <summary>Raised with each change, on the catalog's reading thread: be quick.</summary>
    public event Action<SiteChange>? Changed;

    /// <summary>Runs with no change in between: what it reads and what it subscribes to leave no gap.</summary>
    public void Subscribe(Action<SiteChange> onChange, Action<Snapshot> onStart)
    {
        lock (_changing)
        {
            onStart(_current);
            Changed += onChange;
        }
    }

    private void Apply(Catalog catalog, ConfigurationRecord record)
    {
        if (record.RecordCase == ConfigurationRecord.RecordOneofCase.SavedGroup)
        {
            Apply(record.SavedGroup.ToModel());
            return;
        }

        var (site, key) = record.RecordCase switch
        {
            ConfigurationRecord.RecordOneofCase.Current => (record.Current.Site, record.Current.Experiment),
            ConfigurationRecord.RecordOneofCase.Experiment => (record.Experiment.Site, record.Experiment.Key),
            _ => default,
        };
        if (site is null || catalog.Find(site, key)?.Current is not { } current) return;
        if (_current.Of(site).Find(key)?.Experiment is { } known && (known.Version, known.Allocations) == (current.Version, current.Allocations)) return;
        lock (_changing)
        {
            _current = _current.With(current);
            Changed?.Invoke(new SiteChange(site, [key], current, null));
        }
    }

    private void Apply(SavedGroup group)
    {
        lock (_changing)
        {
            _current = _current.With(group);
            var naming = _current.Of(group.Site).Naming(group).Select(e => e.Experiment.Key);
            Changed?.Invoke(new SiteChange(group.Site, [.. naming], null, group));
        }
    }
}

/// <summary>What has changed in a site's rules: an experiment or a saved group.</summary>
/// <param name="Experiments">Keys of the experiments that may decide otherwise from now on.</param>
internal sealed record SiteChange(string Site, IReadOnlyList<string> Experiments, Experiment? Experiment, SavedGroup? Group);
