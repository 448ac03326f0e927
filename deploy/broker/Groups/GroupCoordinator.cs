namespace CroPlatform.Broker.Groups;

/// <summary>All groups. Who is in them is in memory only: after a restart members are told that they are unknown, and join again.</summary>
internal sealed class GroupCoordinator(OffsetStore offsets, BrokerOptions options, TimeProvider time)
{
    private const int MaxGroups = 5_000;
    private const int MaxSessionMs = 1_800_000;

    private readonly ConcurrentDictionary<string, Group> _groups = new();
    private readonly long _start = time.GetTimestamp();

    public OffsetStore Offsets => offsets;

    /// <summary>In ms since the start.</summary>
    public long Now => (long)time.GetElapsedTime(_start).TotalMilliseconds;

    public Task<JoinResult> JoinAsync(JoinRequest request)
    {
        ErrorCode? refused = request switch
        {
            { Group.Length: 0 } => ErrorCode.InvalidGroupId,
            { SessionTimeoutMs: < 1 or > MaxSessionMs } or { RebalanceTimeoutMs: < 0 } => ErrorCode.InvalidSessionTimeout,
            _ when _groups.Count >= MaxGroups && !_groups.ContainsKey(request.Group) => ErrorCode.PolicyViolation,
            _ => null,
        };
        return refused is { } error
            ? Task.FromResult(new JoinResult(error, request.MemberId))
            : _groups.GetOrAdd(request.Group, _ => new Group(options.InitialRebalanceDelayMs)).JoinAsync(request, Now);
    }

    /// <summary>Whether offsets may be committed by this caller.</summary>
    public ErrorCode MayCommit(string group, Caller caller) =>
        group.Length == 0 ? ErrorCode.InvalidGroupId
        : Find(group)?.MayCommit(caller, Now) ?? (caller.Generation < 0 ? ErrorCode.None : ErrorCode.UnknownMemberId);

    public Group? Find(string group) => _groups.GetValueOrDefault(group);

    /// <summary>Groups with members, and those of which only offsets are left.</summary>
    public IEnumerable<string> Names =>
        _groups.Where(pair => !pair.Value.IsUnused()).Select(pair => pair.Key).Union(offsets.All.Keys.Select(key => key.Group));

    public async Task<ErrorCode> DeleteAsync(string group)
    {
        if (!Names.Contains(group))
            return ErrorCode.GroupIdNotFound;
        return Find(group)?.IsUnused() == false ? ErrorCode.NonEmptyGroup : await offsets.ForgetAsync(key => key.Group == group);
    }

    public void Tick()
    {
        foreach (var (name, group) in _groups)
        {
            group.Tick(Now);
            if (group.IsUnused() && _groups.Count >= MaxGroups)
                _groups.TryRemove(name, out _);
        }
    }
}
