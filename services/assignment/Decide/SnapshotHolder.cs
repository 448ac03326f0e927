using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using Microsoft.Extensions.Options;
using Experiment = CroPlatform.Experimentation.Experiment;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>Holds the snapshot in force and swaps it whole when a version becomes current.</summary>
internal sealed class SnapshotHolder
{
    private readonly CatalogReader _catalog;
    private readonly TimeSpan _maxStaleness;
    private readonly Lock _changing = new();
    private volatile Snapshot _current = Snapshot.Empty;

    public SnapshotHolder(CatalogReader catalog, IOptions<AssignmentOptions> options)
    {
        _catalog = catalog;
        _maxStaleness = TimeSpan.FromSeconds(options.Value.MaxStalenessSeconds);
        catalog.Changed += Apply;
    }

    public Snapshot Current => _current;

    /// <summary>Nothing was heard from the log for too long, or it was never read to its end.</summary>
    public bool IsStale => !_catalog.HasCaughtUp || _catalog.Staleness > _maxStaleness;

    /// <summary>Raised with each version that becomes current, on the catalog's reading thread.</summary>
    public event Action<Experiment>? Changed;

    /// <summary>Runs with no change in between: what it reads and what it subscribes to leave no gap.</summary>
    public void Subscribe(Action<Experiment> onChange, Action<Snapshot> onStart)
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
            lock (_changing) _current = _current.With(record.SavedGroup.ToModel());
            return;
        }

        var (site, key) = record.RecordCase switch
        {
            ConfigurationRecord.RecordOneofCase.Current => (record.Current.Site, record.Current.Experiment),
            ConfigurationRecord.RecordOneofCase.Experiment => (record.Experiment.Site, record.Experiment.Key),
            _ => default,
        };
        if (site is null || catalog.Find(site, key)?.Current is not { } current) return;
        if (_current.Of(site).Find(key)?.Experiment.Version == current.Version) return;
        lock (_changing)
        {
            _current = _current.With(current);
            Changed?.Invoke(current);
        }
    }
}
