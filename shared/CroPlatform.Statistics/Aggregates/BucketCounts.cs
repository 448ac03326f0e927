namespace CroPlatform.Statistics.Aggregates;

/// <summary>Counts of buckets by number, in one array from the lowest to the highest that there is: adding and walking cost no search.</summary>
internal sealed class BucketCounts
{
    private const int LeastSpare = 16;

    private long[] _counts = [];
    private int _first;

    /// <param name="index">Any; those of one row lie within a few thousand of each other.</param>
    /// <param name="count">Negative to take out.</param>
    public void Add(int index, long count)
    {
        Reach(index, index);
        _counts[index - _first] += count;
    }

    /// <summary>Makes room for exactly these where there is nothing yet.</summary>
    public void Reserve(int low, int high)
    {
        if (_counts.Length == 0)
            (_counts, _first) = (new long[high - low + 1], low);
    }

    public void Add(BucketCounts other)
    {
        if (other._counts.Length == 0)
            return;
        Reach(other._first, other._first + other._counts.Length - 1);
        for (var i = 0; i < other._counts.Length; i++)
            _counts[other._first - _first + i] += other._counts[i];
    }

    /// <summary>The sum over all buckets from one number to another.</summary>
    public long Total(int least = int.MinValue, int most = int.MaxValue)
    {
        var sum = 0L;
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_first + i >= least && _first + i <= most)
                sum += _counts[i];
        }
        return sum;
    }

    /// <summary>Buckets that hold something, by number.</summary>
    public IEnumerable<(int Index, long Count)> Rising()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] != 0)
                yield return (_first + i, _counts[i]);
        }
    }

    /// <summary>The same from the highest number down.</summary>
    public IEnumerable<(int Index, long Count)> Falling() => Rising().Reverse();

    /// <summary>Makes room for these, and on the side where it grows for some more.</summary>
    private void Reach(int low, int high)
    {
        if (_counts.Length == 0)
        {
            (_counts, _first) = (new long[high - low + 1 + 2 * LeastSpare], low - LeastSpare);
            return;
        }
        var (first, last) = (_first, _first + _counts.Length - 1);
        if (low >= first && high <= last)
            return;
        var spare = Math.Max(LeastSpare, _counts.Length / 2);
        if (low < first)
            first = low - spare;
        if (high > last)
            last = high + spare;
        var grown = new long[last - first + 1];
        _counts.CopyTo(grown, _first - first);
        (_counts, _first) = (grown, first);
    }
}
