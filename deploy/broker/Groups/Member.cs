namespace CroPlatform.Broker.Groups;

/// <summary>One way of assigning partitions that a member offers, with what it tells the leader in that way.</summary>
internal sealed record Protocol(string Name, byte[] Metadata);

/// <summary>What a member asks for when it joins.</summary>
internal sealed record JoinRequest(
    string Group, string MemberId, string? InstanceId, int SessionTimeoutMs, int RebalanceTimeoutMs, string ProtocolType,
    IReadOnlyList<Protocol> Protocols, string ClientId, string Host, bool MustKnowItsId);

/// <param name="Members">For the leader: everybody with their metadata. Empty for the others.</param>
internal sealed record JoinResult(
    ErrorCode Error, string MemberId, int Generation = -1, string Protocol = "", string Leader = "",
    IReadOnlyList<(string Id, string? InstanceId, byte[] Metadata)>? Members = null);

internal sealed record SyncResult(ErrorCode Error, byte[] Assignment);

/// <summary>Who speaks, in a group's request. Generation -1 with an empty id is a consumer outside of any group's membership.</summary>
internal readonly record struct Caller(int Generation, string MemberId, string? InstanceId);

/// <summary>A member of a group. Guarded by its group.</summary>
internal sealed class Member(string id, JoinRequest joined)
{
    private TaskCompletionSource<JoinResult>? _joining;
    private TaskCompletionSource<SyncResult>? _syncing;

    public string Id => id;

    public JoinRequest Joined { get; private set; } = joined;

    public byte[] Assignment { get; set; } = [];

    /// <summary>By when it must be heard of, in ms of the coordinator's clock.</summary>
    public long Deadline { get; private set; }

    /// <summary>Its join request is held, until everybody has joined.</summary>
    public bool IsJoining => _joining is not null;

    /// <summary>Its sync request is held, until the leader has assigned.</summary>
    public bool IsSyncing => _syncing is not null;

    public void HeardOf(long now) => Deadline = now + Joined.SessionTimeoutMs;

    /// <summary>Holds a join; one that was held is told that it is no longer awaited.</summary>
    public Task<JoinResult> HoldJoin(JoinRequest request)
    {
        Joined = request;
        Answer(new JoinResult(ErrorCode.UnknownMemberId, id));
        _joining = new TaskCompletionSource<JoinResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _joining.Task;
    }

    public Task<SyncResult> HoldSync()
    {
        Answer(new SyncResult(ErrorCode.UnknownMemberId, []));
        _syncing = new TaskCompletionSource<SyncResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _syncing.Task;
    }

    /// <summary>Answers a join that is held; nothing where none is.</summary>
    public void Answer(JoinResult result)
    {
        _joining?.SetResult(result);
        _joining = null;
    }

    public void Answer(SyncResult result)
    {
        _syncing?.SetResult(result);
        _syncing = null;
    }

    /// <summary>It is no member any more: whatever is held for it is answered.</summary>
    public void Dismiss(ErrorCode why)
    {
        Answer(new JoinResult(why, id));
        Answer(new SyncResult(why, []));
    }

    public byte[] MetadataOf(string protocol) => Joined.Protocols.FirstOrDefault(p => p.Name == protocol)?.Metadata ?? [];

    public bool Knows(string protocol) => Joined.Protocols.Any(p => p.Name == protocol);

    public bool Offers(IReadOnlyList<Protocol> protocols) =>
        protocols.Count == Joined.Protocols.Count
        && protocols.Zip(Joined.Protocols, (p, own) => p.Name == own.Name && p.Metadata.AsSpan().SequenceEqual(own.Metadata)).All(same => same);
}
