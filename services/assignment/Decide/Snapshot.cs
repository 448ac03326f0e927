using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>Every published experiment, compiled; immutable. A change copies one site's table, a decision only reads.</summary>
internal sealed class Snapshot
{
    public static readonly Snapshot Empty = new([]);

    private readonly Dictionary<string, Dictionary<string, Assigner>> _sites;

    private Snapshot(Dictionary<string, Dictionary<string, Assigner>> sites) => _sites = sites;

    public Assigner? Find(string site, string experiment) =>
        _sites.TryGetValue(site, out var experiments) && experiments.TryGetValue(experiment, out var assigner) ? assigner : null;

    public IEnumerable<Assigner> Of(string site) => _sites.TryGetValue(site, out var experiments) ? experiments.Values : [];

    public Snapshot With(Experiment current)
    {
        var site = _sites.TryGetValue(current.Site, out var experiments)
            ? new Dictionary<string, Assigner>(experiments) { [current.Key] = new Assigner(current) }
            : new Dictionary<string, Assigner> { [current.Key] = new Assigner(current) };
        return new Snapshot(new Dictionary<string, Dictionary<string, Assigner>>(_sites) { [current.Site] = site });
    }
}
