namespace CroPlatform.Statistics.Aggregates;

/// <summary>
/// A quantile sketch for each of G groups of units, by unit hash: a unit's values stay in one group, so the spread between the
/// groups gives standard errors that allow for several values of one unit.
/// </summary>
public sealed class GroupedQuantileSketch
{
    private readonly QuantileSketch[] _groups;

    public GroupedQuantileSketch(int groups = 100, double relativeError = 0.01)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 2);
        _groups = Enumerable.Range(0, groups).Select(_ => new QuantileSketch(relativeError)).ToArray();
    }

    public IReadOnlyList<QuantileSketch> Groups => _groups;

    public long Count => _groups.Sum(g => g.Count);

    /// <param name="unitHash">A well-spread hash, such as <see cref="UnitHash.Of"/>.</param>
    /// <param name="value">The observation.</param>
    /// <param name="count">Negative to take back out.</param>
    public void Add(ulong unitHash, double value, long count = 1) =>
        _groups[GroupOf(unitHash)].Add(value, count);

    /// <summary>The group of a unit.</summary>
    public int GroupOf(ulong unitHash) => (int)(unitHash % (ulong)_groups.Length);

    public void Merge(GroupedQuantileSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._groups.Length != _groups.Length)
            throw new ArgumentException("Sketches of different numbers of groups do not merge.", nameof(other));
        for (var i = 0; i < _groups.Length; i++)
            _groups[i].Merge(other._groups[i]);
    }

    /// <summary>All groups as one sketch.</summary>
    public QuantileSketch Total()
    {
        var total = new QuantileSketch(_groups[0].RelativeError);
        foreach (var group in _groups)
            total.Merge(group);
        return total;
    }
}
