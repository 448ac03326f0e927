using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>
/// Events that come again from quarantine. They were balanced when they were quarantined, so what they become is taken from there, together with
/// their row: put back twice, or read again after a crash, they count once.
/// </summary>
internal sealed partial class PartitionFold
{
    private readonly HashSet<QuarantinedAt> _settled = [];

    // Of those that a batch puts back: the site that their rows were balanced under, which may not have been readable then.
    private Dictionary<QuarantinedAt, string> _quarantined = [];

    /// <summary>Looks up which of these still lie in quarantine.</summary>
    private async Task LookUpAsync(List<EventReading> readings, CancellationToken ct)
    {
        var places = readings.Select(r => r.PutBack).OfType<QuarantinedAt>().ToList();
        _quarantined = places.Count == 0 ? [] : (await store.QuarantinedAsync(places, ct)).Where(q => !_settled.Contains(q.Key)).ToDictionary();
    }

    /// <summary>Whether a reading is a copy of what its unit knows. One that came too late is none once it may count.</summary>
    private static bool IsKnown(UnitHistory history, EventReading reading)
    {
        if (history.Find(reading.Fact!.Id) is not { } known) return false;
        if (reading.PutBack is null || !known.IsOnlyRemembered) return true;
        history.Remove(f => f.Id == known.Id);
        return false;
    }

    /// <summary>An event that was put back left quarantine. False if it had done so before.</summary>
    private bool Settle(EventReading reading)
    {
        if (reading.PutBack is not { } place || !_quarantined.Remove(place, out var site)) return false;
        _settled.Add(place);
        Count(site, b => b with { Quarantined = b.Quarantined - 1 });
        return true;
    }
}
