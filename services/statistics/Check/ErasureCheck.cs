using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;

namespace CroPlatform.Services.Statistics.Check;

internal static class ErasureCheck
{
    /// <summary>Whether an event is about somebody who is forgotten, under whichever of the ids it carries.</summary>
    public static bool IsCovered(this Event read, Erasures erasures) =>
        !erasures.IsEmpty && UnitTypes.All.Any(type => erasures.Cover(read.Site, type, read.IdOf(type), read.TimestampMs, read.ReceivedMs));
}
