using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Statistics.Route;

/// <summary>
/// Which events the experiments need whose unit is not the visitor, and under which units. Pure: an event gives the same records whenever it is
/// routed, so routing it again does no harm.
/// </summary>
internal sealed class RoutingTable
{
    private readonly Dictionary<(string Site, string Experiment), string> _units;
    private readonly HashSet<(string Site, string UnitType, string Event)> _measured = [];

    public RoutingTable(Catalog catalog)
    {
        var experiments = catalog.Experiments.Select(v => v.Current).OfType<Experiment>().ToList();
        _units = experiments.ToDictionary(e => (e.Site, e.Key), e => e.Unit);
        Routed = experiments.FindAll(e => e.Unit != UnitTypes.Visitor);
        foreach (var experiment in Routed)
        {
            foreach (var type in experiment.Metrics.SelectMany(m => m.Events)) _measured.Add((experiment.Site, experiment.Unit, type));
        }
    }

    /// <summary>The experiments that need routing.</summary>
    public IReadOnlyList<Experiment> Routed { get; }

    /// <summary>The records that an event becomes.</summary>
    public IEnumerable<RoutedEvent> Route(Event routed)
    {
        foreach (var unitType in EventUnits.BesidesVisitors)
        {
            var unit = routed.IdOf(unitType);
            if (unit.Length > 0 && Needs(routed, unitType)) yield return new RoutedEvent { UnitType = unitType, Unit = unit, Event = routed };
        }
    }

    private bool Needs(Event routed, string unitType)
    {
        if (_measured.Contains((routed.Site, unitType, routed.Type))) return true;
        if (routed.Exposure is not { } exposure) return false;
        // Of an experiment that is not known yet, nobody can say whose it is.
        return !_units.TryGetValue((routed.Site, exposure.Experiment), out var own) || own == unitType;
    }
}
