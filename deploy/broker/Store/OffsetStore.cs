namespace CroPlatform.Broker.Store;

internal readonly record struct OffsetKey(string Group, string Topic, int Partition);

/// <param name="LeaderEpoch">As the consumer gave it; -1 where it gave none.</param>
internal sealed record CommittedOffset(long Offset, int LeaderEpoch, string? Metadata);

/// <summary>
/// What groups have committed. They are few, so the file with all of them is written anew, and synced, for all commits that wait. A commit
/// is seen once it is on disk.
/// </summary>
internal sealed class OffsetStore : IDisposable
{
    private const int MaxOffsets = 20_000;

    private readonly IDurableFiles _files;
    private readonly string _path;
    private readonly ConcurrentQueue<Commit> _waiting = new();
    private readonly SemaphoreSlim _turn = new(1);

    // Never changed, but replaced.
    private volatile Dictionary<OffsetKey, CommittedOffset> _offsets;

    /// <exception cref="IOException">The file cannot be read.</exception>
    public OffsetStore(IDurableFiles files, string folder)
    {
        (_files, _path) = (files, Path.Combine(folder, "offsets.json"));
        _offsets = (files.ReadJson<Entry[]>(_path) ?? []).ToDictionary(entry => entry.Key, entry => entry.Offset);
    }

    /// <summary>As they are now.</summary>
    public IReadOnlyDictionary<OffsetKey, CommittedOffset> All => _offsets;

    /// <summary>Stores offsets; a null one forgets.</summary>
    public async Task<ErrorCode> StoreAsync(IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> offsets)
    {
        if (offsets.Count == 0)
            return ErrorCode.None;
        if (_offsets.Count + offsets.Count > MaxOffsets && offsets.Any(pair => pair.Offset is not null && !_offsets.ContainsKey(pair.Key)))
            return ErrorCode.PolicyViolation;
        var commit = new Commit(offsets);
        _waiting.Enqueue(commit);
        await _turn.WaitAsync();
        try
        {
            // Whoever has the turn writes for all that wait, so it may be done already.
            return commit.Result ?? WriteAll();
        }
        finally
        {
            _turn.Release();
        }
    }

    public Task<ErrorCode> ForgetAsync(Func<OffsetKey, bool> which) =>
        StoreAsync([.. _offsets.Keys.Where(which).Select(key => (key, (CommittedOffset?)null))]);

    public void Dispose() => _turn.Dispose();

    private ErrorCode WriteAll()
    {
        var written = new List<Commit>();
        while (_waiting.TryDequeue(out var commit))
            written.Add(commit);
        var next = new Dictionary<OffsetKey, CommittedOffset>(_offsets);
        foreach (var (key, offset) in written.SelectMany(commit => commit.Offsets))
        {
            if (offset is null)
                next.Remove(key);
            else
                next[key] = offset;
        }

        var result = ErrorCode.KafkaStorageError;
        try
        {
            _files.ReplaceJson(_path, next.Select(pair => new Entry(pair.Key, pair.Value)));
            (_offsets, result) = (next, ErrorCode.None);
        }
        catch (IOException)
        {
            // Say a full disk. What is on it is the old file, or the new one with commits that were not acknowledged.
        }
        finally
        {
            written.ForEach(commit => commit.Result = result);
        }

        return result;
    }

    private sealed record Entry(OffsetKey Key, CommittedOffset Offset);

    private sealed record Commit(IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> Offsets)
    {
        public ErrorCode? Result { get; set; }
    }
}
