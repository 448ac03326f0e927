using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;

namespace CroPlatform.Services.Statistics.Check;

internal static class ErasureCheck
{
    /// <summary>Whether an event is about somebody who is forgotten, under whichever of the ids it carries.</summary>
    public static bool IsCovered(this Event read, Erasures erasures)
    {
        return !erasures.IsEmpty
            && (Covers(UnitTypes.Visitor, read.VisitorId) || Covers(UnitTypes.User, read.UserId)
                || Covers(UnitTypes.Account, read.AccountId) || Covers(UnitTypes.Device, read.DeviceId));

        bool Covers(string unitType, string unit) => erasures.Cover(read.Site, unitType, unit, read.TimestampMs, read.ReceivedMs);
    }
}
