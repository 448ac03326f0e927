using System.Collections.Concurrent;

namespace CroPlatform.Broker.Groups;

/// <summary>All groups. Who is in them is in memory only: after a restart members are told that they are unknown, and join again.</summary>
internal sealed class GroupCoordinator(OffsetStore offsets, BrokerOptions options, TimeProvider time)
{
    private const int MaxGroups = 5_000;
    private const int MaxSessionMs = 1_800_000;

    private readonly ConcurrentDictionary<string, Group> _groups = new();
    private readonly long _start = time.GetTimestamp();

    public OffsetStore Offsets => offsets;

    public Task<JoinResult> JoinAsync(JoinRequest request)
    {
        ErrorCode? error = request switch
        {
            { Group.Length: 0 } => ErrorCode.InvalidGroupId,
            { SessionTimeoutMs: < 1 or > MaxSessionMs } or { RebalanceTimeoutMs: < 0 } => ErrorCode.InvalidSessionTimeout,
            _ when _groups.Count >= MaxGroups && !_groups.ContainsKey(request.Group) => ErrorCode.PolicyViolation,
            _ => null,
        };
        return error is { } refused
            ? Task.FromResult(new JoinResult(refused, request.MemberId))
            : _groups.GetOrAdd(request.Group, name => new Group(name, options.InitialRebalanceDelayMs)).JoinAsync(request, Now());
    }

    public Task<SyncResult> SyncAsync(string group, Caller caller, IReadOnlyDictionary<string, byte[]> assignments) =>
        _groups.TryGetValue(group, out var found) ? found.SyncAsync(caller, assignments, Now()) : Task.FromResult(new SyncResult(ErrorCode.UnknownMemberId, []));

    public ErrorCode Heartbeat(string group, Caller caller) =>
        _groups.TryGetValue(group, out var found) ? found.Heartbeat(caller, Now()) : ErrorCode.UnknownMemberId;

    public ErrorCode Leave(string group, string memberId, string? instanceId) =>
        _groups.TryGetValue(group, out var found) ? found.Leave(memberId, instanceId, Now()) : ErrorCode.UnknownMemberId;

    public ErrorCode MayCommit(string group, Caller caller)
    {
        if (group.Length == 0)
            return ErrorCode.InvalidGroupId;
        if (_groups.TryGetValue(group, out var found))
            return found.MayCommit(caller, Now());
        return caller.Generation < 0 ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    public Group? Find(string group) => _groups.GetValueOrDefault(group);

    /// <summary>Groups with members, and those of which only offsets are left.</summary>
    public IEnumerable<string> Names => _groups.Where(pair => !pair.Value.IsUnused).Select(pair => pair.Key).Union(offsets.Groups);

    public async Task<ErrorCode> DeleteAsync(string group)
    {
        if (!Names.Contains(group))
            return ErrorCode.GroupIdNotFound;
        if (_groups.TryGetValue(group, out var found) && !found.IsUnused)
            return ErrorCode.NonEmptyGroup;
        await offsets.ForgetAsync(key => key.Group == group);
        return ErrorCode.None;
    }

    public void Tick()
    {
        foreach (var (name, group) in _groups)
        {
            group.Tick(Now());
            if (group.IsUnused && _groups.Count >= MaxGroups)
                _groups.TryRemove(name, out _);
        }
    }

    private long Now() => (long)time.GetElapsedTime(_start).TotalMilliseconds;
}
