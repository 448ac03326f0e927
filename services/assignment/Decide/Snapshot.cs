using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Services.Assignment.Decide;

/// <summary>Every site's rules; immutable. A change copies the table of sites, a decision only reads.</summary>
internal sealed class Snapshot
{
    public static readonly Snapshot Empty = new([]);

    private readonly Dictionary<string, SiteRules> _sites;

    private Snapshot(Dictionary<string, SiteRules> sites) => _sites = sites;

    public SiteRules Of(string site) => _sites.GetValueOrDefault(site) ?? SiteRules.Empty;

    public Snapshot With(Experiment current) => With(current.Site, Of(current.Site).With(current));

    public Snapshot With(SavedGroup group) => With(group.Site, Of(group.Site).With(group));

    private Snapshot With(string site, SiteRules rules) => new(new Dictionary<string, SiteRules>(_sites) { [site] = rules });
}
