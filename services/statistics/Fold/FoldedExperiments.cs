using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>The experiment versions that a partition's aggregates were computed with, which may lag behind the catalog for a moment.</summary>
internal sealed class FoldedExperiments
{
    private readonly Dictionary<(string Site, string Experiment), ExperimentFold> _folds = [];
    private readonly Dictionary<(string Site, string Experiment), long> _changes = [];

    /// <summary>Experiments whose row must be stored.</summary>
    public HashSet<(string Site, string Experiment)> Changed { get; } = [];

    public ExperimentFold? Find(string site, string experiment) => _folds.GetValueOrDefault((site, experiment));

    public IEnumerable<ExperimentFold> All => _folds.Values;

    public long ChangesOf((string Site, string Experiment) key) => _changes.GetValueOrDefault(key);

    public void Restore(ExperimentFold fold, long changes)
    {
        var key = (fold.Experiment.Site, fold.Experiment.Key);
        _folds[key] = fold;
        _changes[key] = changes;
    }

    public void Set(ExperimentFold fold)
    {
        var key = (fold.Experiment.Site, fold.Experiment.Key);
        _folds[key] = fold;
        Touch(key);
    }

    /// <summary>Its numbers changed: counted once a checkpoint, so that whoever judges sees that there is something new.</summary>
    public void Touch((string Site, string Experiment) key)
    {
        if (Changed.Add(key)) _changes[key] = _changes.GetValueOrDefault(key) + 1;
    }
}
