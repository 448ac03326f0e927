using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>A unit in memory.</summary>
internal sealed class CachedUnit(UnitHistory history)
{
    public UnitHistory History { get; } = history;

    /// <summary>Has facts that are not stored yet.</summary>
    public bool IsDirty { get; set; }

    /// <summary>The fold that used it last: the least recent ones make room.</summary>
    public long UsedAt { get; set; }
}
