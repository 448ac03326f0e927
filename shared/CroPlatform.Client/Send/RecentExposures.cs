namespace CroPlatform.Client.Send;

/// <summary>Remembers what was exposed lately, so that a page that asks on every request sends each exposure once. Forgetting only costs a copy.</summary>
internal sealed class RecentExposures
{
    private const int Most = 50_000;

    private readonly Lock _gate = new();
    private HashSet<string> _young = [];
    private HashSet<string> _old = [];

    /// <summary>False if it was added lately.</summary>
    public bool TryAdd(string id)
    {
        lock (_gate)
        {
            if (_old.Contains(id) || !_young.Add(id)) return false;
            if (_young.Count > Most) (_old, _young) = (_young, []);
            return true;
        }
    }
}
