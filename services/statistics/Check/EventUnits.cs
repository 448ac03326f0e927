using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;

namespace CroPlatform.Services.Statistics.Check;

/// <summary>The units that an event is about.</summary>
internal static class EventUnits
{
    /// <summary>All types but the visitor, whom the events themselves are folded by.</summary>
    public static readonly string[] BesidesVisitors = [.. UnitTypes.All.Where(u => u != UnitTypes.Visitor)];

    /// <summary>The id of the event's unit of this type; empty: it names none.</summary>
    public static string IdOf(this Event read, string unitType) => unitType switch
    {
        UnitTypes.Visitor => read.VisitorId,
        UnitTypes.User => read.UserId,
        UnitTypes.Account => read.AccountId,
        UnitTypes.Device => read.DeviceId,
        _ => "",
    };
}
