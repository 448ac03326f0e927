using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>A unit in memory.</summary>
internal sealed class CachedUnit(UnitHistory history)
{
    public UnitHistory History { get; } = history;

    /// <summary>What a batch brought and is not folded yet.</summary>
    public List<EventReading>? Waiting { get; set; }

    /// <summary>Has facts that are not stored yet.</summary>
    public bool IsDirty { get; set; }

    /// <summary>The fold that used it last: the least recent ones make room.</summary>
    public long UsedAt { get; set; }
}
