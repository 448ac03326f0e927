namespace CroPlatform.Broker.Groups;

internal enum GroupState
{
    Empty,

    /// <summary>Waits for the members to join again.</summary>
    PreparingRebalance,

    /// <summary>Waits for the leader's assignment.</summary>
    CompletingRebalance,
    Stable,
}

/// <summary>
/// A classic consumer group (KIP-62, -345, -394): members join, one of them assigns, all sync, and any change begins that anew. Every
/// method takes the group's own lock and returns at once; joins and syncs answer by task. Times are ms of the coordinator's clock.
/// </summary>
/// <param name="initialDelayMs">A new group waits for more members until none came for this long.</param>
internal sealed class Group(int initialDelayMs)
{
    private const int MaxMembers = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Member> _members = [];

    // Ids given to members that must come back with them (KIP-394), and until when.
    private readonly Dictionary<string, long> _promised = [];
    private string? _leader;
    private bool _isNew;
    private long _rebalanceSince;
    private long _rebalanceBy;

    public GroupState State { get; private set; }

    public int Generation { get; private set; }

    public string ProtocolType { get; private set; } = "";

    public string Protocol { get; private set; } = "";

    public bool IsUnused()
    {
        lock (_gate)
            return _members.Count == 0 && _promised.Count == 0;
    }

    public Task<JoinResult> JoinAsync(JoinRequest request, long now)
    {
        lock (_gate)
        {
            if (!CanTakePart(request))
                return Refuse(ErrorCode.InconsistentGroupProtocol);
            var former = OfInstance(request.InstanceId);
            if (former is not null && request.MemberId.Length == 0)
                return Replace(former, request, now);
            if (former is not null && request.MemberId != former.Id)
                return Refuse(ErrorCode.FencedInstanceId);
            if (_promised.Remove(request.MemberId))
                return Add(request.MemberId, request, now);
            if (request.MemberId.Length > 0)
                return _members.TryGetValue(request.MemberId, out var member) ? Rejoin(member, request, now) : Refuse(ErrorCode.UnknownMemberId);
            if (_members.Count + _promised.Count >= MaxMembers)
                return Refuse(ErrorCode.GroupMaxSizeReached);
            var id = $"{request.InstanceId ?? request.ClientId}-{Guid.NewGuid():d}";
            if (request.InstanceId is not null || !request.MustKnowItsId)
                return Add(id, request, now);
            _promised[id] = now + request.SessionTimeoutMs;
            return Task.FromResult(new JoinResult(ErrorCode.MemberIdRequired, id));
        }

        Task<JoinResult> Refuse(ErrorCode error) => Task.FromResult(new JoinResult(error, request.MemberId));
    }

    /// <param name="assignments">The leader's; empty from others.</param>
    public Task<SyncResult> SyncAsync(Caller caller, IReadOnlyDictionary<string, byte[]> assignments, long now)
    {
        lock (_gate)
        {
            var error = Check(caller, now, out var member);
            if (error == ErrorCode.None && State == GroupState.PreparingRebalance)
                error = ErrorCode.RebalanceInProgress;
            if (error != ErrorCode.None || State == GroupState.Stable)
                return Task.FromResult(new SyncResult(error, error == ErrorCode.None ? member!.Assignment : []));
            var held = member!.HoldSync();
            if (member.Id == _leader)
            {
                State = GroupState.Stable;
                foreach (var one in _members.Values)
                {
                    one.Assignment = assignments.GetValueOrDefault(one.Id, []);
                    one.HeardOf(now);
                    one.Answer(new SyncResult(ErrorCode.None, one.Assignment));
                }
            }

            return held;
        }
    }

    public ErrorCode Heartbeat(Caller caller, long now)
    {
        lock (_gate)
        {
            var error = Check(caller, now, out _);
            return error == ErrorCode.None && State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : error;
        }
    }

    /// <param name="memberId">May be empty for a static member, which its instance names.</param>
    public ErrorCode Leave(string memberId, string? instanceId, long now)
    {
        lock (_gate)
        {
            var member = instanceId is null ? _members.GetValueOrDefault(memberId) : OfInstance(instanceId);
            if (member is not null && memberId.Length > 0 && memberId != member.Id)
                return ErrorCode.FencedInstanceId;
            if (member is null && !_promised.Remove(memberId))
                return ErrorCode.UnknownMemberId;
            Drop(member is null ? [] : [member], now);
            return ErrorCode.None;
        }
    }

    /// <summary>Whether offsets may be committed by this caller.</summary>
    public ErrorCode MayCommit(Caller caller, long now)
    {
        lock (_gate)
        {
            if (caller.Generation < 0 && _members.Count == 0)
                return ErrorCode.None;
            var error = Check(caller, now, out _);
            return error == ErrorCode.None && State == GroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress : error;
        }
    }

    /// <summary>Does what is due: drops members that were not heard of, and ends a wait for joins.</summary>
    public void Tick(long now)
    {
        lock (_gate)
        {
            foreach (var id in _promised.Where(pair => pair.Value < now).Select(pair => pair.Key).ToArray())
                _promised.Remove(id);

            // One whose request is held here is known to live, or its connection is gone and it cannot know better.
            var isLate = State == GroupState.CompletingRebalance && now > _rebalanceBy;
            Drop(_members.Values.Where(member => !member.IsSyncing && (isLate || (!member.IsJoining && member.Deadline < now))).ToArray(), now);
        }
    }

    public IReadOnlyList<(Member Member, byte[] Metadata)> Describe()
    {
        lock (_gate)
            return [.. _members.Values.Select(member => (member, State == GroupState.Stable ? member.MetadataOf(Protocol) : []))];
    }

    private Task<JoinResult> Add(string id, JoinRequest request, long now)
    {
        var member = _members[id] = new Member(id, request);
        member.HeardOf(now);
        ProtocolType = request.ProtocolType;
        var held = Hold(member, request, now);
        if (_isNew && State == GroupState.PreparingRebalance)
            _rebalanceBy = Math.Min(now + initialDelayMs, _rebalanceSince + RebalanceTimeout());
        return held;
    }

    private Task<JoinResult> Rejoin(Member member, JoinRequest request, long now)
    {
        var same = member.Offers(request.Protocols);
        member.HeardOf(now);

        // Sent again because the answer got lost; or a follower that lost nothing. A leader that joins again wants to assign again.
        if (same && (State == GroupState.CompletingRebalance || (State == GroupState.Stable && member.Id != _leader)))
            return Task.FromResult(Joined(member));
        return Hold(member, request, now);
    }

    /// <summary>A static member after its restart: it takes the place of its former self, which is fenced, and nobody else notices.</summary>
    private Task<JoinResult> Replace(Member former, JoinRequest request, long now)
    {
        former.Dismiss(ErrorCode.FencedInstanceId);
        _members.Remove(former.Id);
        var id = $"{request.InstanceId}-{Guid.NewGuid():d}";
        var member = _members[id] = new Member(id, request) { Assignment = former.Assignment };
        member.HeardOf(now);
        var wasLeader = _leader == former.Id;
        if (wasLeader)
            _leader = id;
        if (State != GroupState.Stable || !former.Offers(request.Protocols))
            return Hold(member, request, now);

        // It gets its assignment by syncing. Its former id as the leader's keeps it from assigning.
        return Task.FromResult(new JoinResult(ErrorCode.None, id, Generation, Protocol, wasLeader ? former.Id : _leader!, []));
    }

    private Task<JoinResult> Hold(Member member, JoinRequest request, long now)
    {
        var held = member.HoldJoin(request);
        if (State != GroupState.PreparingRebalance)
            Prepare(now);
        TryComplete(now);
        return held;
    }

    private void Prepare(long now)
    {
        foreach (var member in _members.Values)
        {
            member.Answer(new SyncResult(ErrorCode.RebalanceInProgress, []));
            member.Assignment = [];
        }

        _isNew = State == GroupState.Empty;
        _rebalanceSince = now;
        _rebalanceBy = now + (_isNew ? initialDelayMs : RebalanceTimeout());
        State = GroupState.PreparingRebalance;
    }

    private void TryComplete(long now)
    {
        var isDue = now >= _rebalanceBy || (!_isNew && _promised.Count == 0 && _members.Values.All(member => member.IsJoining));
        if (State != GroupState.PreparingRebalance || !isDue)
            return;

        // A static member that did not come keeps its place until its session ends.
        foreach (var absent in _members.Values.Where(member => !member.IsJoining && member.Joined.InstanceId is null).ToArray())
            Remove(absent);
        Generation++;
        if (_members.Count == 0)
        {
            (State, _leader, Protocol) = (GroupState.Empty, null, "");
            return;
        }

        if (_leader is null || !_members[_leader].IsJoining)
            _leader = (_members.Values.FirstOrDefault(member => member.IsJoining) ?? _members.Values.First()).Id;
        Protocol = Elect();
        State = GroupState.CompletingRebalance;
        _rebalanceBy = now + RebalanceTimeout();
        foreach (var member in _members.Values)
        {
            member.HeardOf(now);
            member.Answer(Joined(member));
        }
    }

    private JoinResult Joined(Member member) => new(
        ErrorCode.None, member.Id, Generation, Protocol, _leader!,
        member.Id == _leader ? [.. _members.Values.Select(one => (one.Id, one.Joined.InstanceId, one.MetadataOf(Protocol)))] : []);

    /// <summary>Each member votes for the first of its protocols that all share.</summary>
    private string Elect() => _members.Values
        .Select(member => member.Joined.Protocols.First(protocol => _members.Values.All(other => other.Knows(protocol.Name))).Name)
        .GroupBy(protocol => protocol).MaxBy(votes => votes.Count())!.Key;

    /// <summary>Whether it has a protocol that everybody else has, too.</summary>
    private bool CanTakePart(JoinRequest request)
    {
        if (request.Protocols.Count == 0 || request.ProtocolType.Length == 0)
            return false;
        var former = OfInstance(request.InstanceId);
        var others = _members.Values.Where(member => member.Id != request.MemberId && member != former).ToList();
        return others.Count == 0
            || (request.ProtocolType == ProtocolType && request.Protocols.Any(protocol => others.TrueForAll(other => other.Knows(protocol.Name))));
    }

    private Member? OfInstance(string? instance) =>
        instance is null ? null : _members.Values.FirstOrDefault(member => member.Joined.InstanceId == instance);

    /// <summary>Whether this is who it says it is; then it has been heard of.</summary>
    private ErrorCode Check(Caller caller, long now, out Member? member)
    {
        if (OfInstance(caller.InstanceId) is { } current && current.Id != caller.MemberId)
        {
            member = null;
            return ErrorCode.FencedInstanceId;
        }

        if (!_members.TryGetValue(caller.MemberId, out member))
            return ErrorCode.UnknownMemberId;
        if (caller.Generation != Generation)
            return ErrorCode.IllegalGeneration;
        member.HeardOf(now);
        return ErrorCode.None;
    }

    private void Drop(Member[] lost, long now)
    {
        foreach (var member in lost)
            Remove(member);
        if (lost.Length > 0 && State is GroupState.Stable or GroupState.CompletingRebalance)
            Prepare(now);
        TryComplete(now);
    }

    private void Remove(Member member)
    {
        _members.Remove(member.Id);
        member.Dismiss(ErrorCode.UnknownMemberId);
        if (_leader == member.Id)
            _leader = null;
    }

    private long RebalanceTimeout() => _members.Values.Select(member => (long)member.Joined.RebalanceTimeoutMs).DefaultIfEmpty().Max();
}
