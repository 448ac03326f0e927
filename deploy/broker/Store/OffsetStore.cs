using System.Threading.Channels;

namespace CroPlatform.Broker.Store;

internal readonly record struct OffsetKey(string Group, string Topic, int Partition);

/// <param name="LeaderEpoch">As the consumer gave it; -1 where it gave none.</param>
internal sealed record CommittedOffset(long Offset, int LeaderEpoch, string? Metadata);

/// <summary>
/// What groups have committed. They are few, so the file with all of them is written anew, and synced, for all commits that wait. A commit
/// is seen once it is on disk.
/// </summary>
internal sealed class OffsetStore : IAsyncDisposable
{
    private const int MaxOffsets = 20_000;
    private const int MaxAtOnce = 1_000;

    private readonly ILogFiles _files;
    private readonly string _path;
    private readonly Channel<Commit> _commits = Channel.CreateBounded<Commit>(new BoundedChannelOptions(MaxAtOnce) { SingleReader = true });
    private readonly Task _writing;

    // Never changed, but replaced.
    private volatile Dictionary<OffsetKey, CommittedOffset> _offsets;

    /// <exception cref="IOException">The file cannot be read.</exception>
    public OffsetStore(ILogFiles files, string folder)
    {
        (_files, _path) = (files, Path.Combine(folder, "offsets.json"));
        _offsets = (files.ReadJson<Entry[]>(_path) ?? []).ToDictionary(entry => entry.Key, entry => entry.Offset);
        _writing = Task.Run(WriteAsync);
    }

    public CommittedOffset? Find(OffsetKey key) => _offsets.GetValueOrDefault(key);

    public IEnumerable<OffsetKey> OfGroup(string group) => _offsets.Keys.Where(key => key.Group == group);

    public IEnumerable<string> Groups => _offsets.Keys.Select(key => key.Group).Distinct();

    /// <summary>Stores offsets; a null one forgets.</summary>
    public async Task<ErrorCode> StoreAsync(IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> offsets)
    {
        if (offsets.Count == 0)
            return ErrorCode.None;
        if (_offsets.Count + offsets.Count > MaxOffsets && offsets.Any(pair => pair.Offset is not null && !_offsets.ContainsKey(pair.Key)))
            return ErrorCode.PolicyViolation;
        var commit = new Commit(offsets, new TaskCompletionSource<ErrorCode>(TaskCreationOptions.RunContinuationsAsynchronously));
        await _commits.Writer.WriteAsync(commit);
        return await commit.Done.Task;
    }

    public Task<ErrorCode> ForgetAsync(Func<OffsetKey, bool> which) =>
        StoreAsync([.. _offsets.Keys.Where(which).Select(key => (key, (CommittedOffset?)null))]);

    public async ValueTask DisposeAsync()
    {
        _commits.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAsync()
    {
        while (await _commits.Reader.WaitToReadAsync())
        {
            var taken = new List<Commit>();
            while (taken.Count < MaxAtOnce && _commits.Reader.TryRead(out var commit))
                taken.Add(commit);
            var error = Write(taken.SelectMany(commit => commit.Offsets));
            taken.ForEach(commit => commit.Done.SetResult(error));
        }
    }

    private ErrorCode Write(IEnumerable<(OffsetKey Key, CommittedOffset? Offset)> changes)
    {
        var next = new Dictionary<OffsetKey, CommittedOffset>(_offsets);
        foreach (var (key, offset) in changes)
        {
            if (offset is null)
                next.Remove(key);
            else
                next[key] = offset;
        }

        try
        {
            _files.ReplaceJson(_path, next.Select(pair => new Entry(pair.Key, pair.Value)));
        }
        catch (IOException)
        {
            return ErrorCode.KafkaStorageError;
        }

        _offsets = next;
        return ErrorCode.None;
    }

    private sealed record Entry(OffsetKey Key, CommittedOffset Offset);

    private sealed record Commit(IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> Offsets, TaskCompletionSource<ErrorCode> Done);
}
