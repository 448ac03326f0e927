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
internal sealed class Group(string name, int initialDelayMs)
{
    private const int MaxMembers = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Member> _members = [];
    private readonly Dictionary<string, string> _static = [];

    // Ids given to members that must come back with them (KIP-394), and until when.
    private readonly Dictionary<string, long> _promised = [];
    private string? _leader;
    private long _rebalanceBy;
    private bool _newMembersOnly;
    private bool _grew;
    private long _rebalanceSince;

    public string Name => name;

    public GroupState State { get; private set; }

    public int Generation { get; private set; }

    public string ProtocolType { get; private set; } = "";

    public string Protocol { get; private set; } = "";

    public bool IsUnused
    {
        get
        {
            lock (_gate)
                return _members.Count == 0 && _promised.Count == 0;
        }
    }

    public Task<JoinResult> JoinAsync(JoinRequest request, long now)
    {
        lock (_gate)
        {
            if (!CanTakePart(request))
                return Refuse(ErrorCode.InconsistentGroupProtocol);
            if (request.InstanceId is { } instance)
                return JoinStatic(request, instance, now);
            if (request.MemberId.Length == 0)
            {
                if (_members.Count + _promised.Count >= MaxMembers)
                    return Refuse(ErrorCode.GroupMaxSizeReached);
                var id = NewId(request);
                if (!request.MustKnowItsId)
                    return Add(id, request, now);
                _promised[id] = now + request.SessionTimeoutMs;
                return Task.FromResult(new JoinResult(ErrorCode.MemberIdRequired, id));
            }

            if (_promised.Remove(request.MemberId))
                return Add(request.MemberId, request, now);
            return _members.TryGetValue(request.MemberId, out var member) ? Rejoin(member, request, now) : Refuse(ErrorCode.UnknownMemberId);
        }

        Task<JoinResult> Refuse(ErrorCode error) => Task.FromResult(new JoinResult(error, request.MemberId));
    }

    /// <param name="assignments">The leader's; empty from others.</param>
    public Task<SyncResult> SyncAsync(Caller caller, IReadOnlyDictionary<string, byte[]> assignments, long now)
    {
        lock (_gate)
        {
            var error = Check(caller, out var member);
            if (error == ErrorCode.None && State == GroupState.PreparingRebalance)
                error = ErrorCode.RebalanceInProgress;
            if (error != ErrorCode.None)
                return Task.FromResult(new SyncResult(error, []));
            member!.Deadline = now + member.Joined.SessionTimeoutMs;
            if (State == GroupState.Stable)
                return Task.FromResult(new SyncResult(ErrorCode.None, member.Assignment));
            member.Syncing?.TrySetResult(new SyncResult(ErrorCode.UnknownMemberId, []));
            member.Syncing = new TaskCompletionSource<SyncResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            var held = member.Syncing.Task;
            if (member.Id == _leader)
            {
                State = GroupState.Stable;
                foreach (var one in _members.Values)
                {
                    one.Assignment = assignments.GetValueOrDefault(one.Id, []);
                    one.Deadline = now + one.Joined.SessionTimeoutMs;
                    one.Syncing?.TrySetResult(new SyncResult(ErrorCode.None, one.Assignment));
                    one.Syncing = null;
                }
            }

            return held;
        }
    }

    public ErrorCode Heartbeat(Caller caller, long now)
    {
        lock (_gate)
        {
            var error = Check(caller, out var member);
            if (error != ErrorCode.None)
                return error;
            member!.Deadline = now + member.Joined.SessionTimeoutMs;
            return State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
        }
    }

    /// <param name="memberId">May be empty for a static member, which its instance names.</param>
    public ErrorCode Leave(string memberId, string? instanceId, long now)
    {
        lock (_gate)
        {
            if (instanceId is not null)
            {
                if (!_static.TryGetValue(instanceId, out var id))
                    return ErrorCode.UnknownMemberId;
                if (memberId.Length > 0 && memberId != id)
                    return ErrorCode.FencedInstanceId;
                memberId = id;
            }

            if (_promised.Remove(memberId))
            {
                TryComplete(now);
                return ErrorCode.None;
            }

            if (!_members.TryGetValue(memberId, out var member))
                return ErrorCode.UnknownMemberId;
            Remove(member);
            AfterLoss(now);
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
            var error = Check(caller, out var member);
            if (error == ErrorCode.None)
                member!.Deadline = now + member.Joined.SessionTimeoutMs;
            return error == ErrorCode.None && State == GroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress : error;
        }
    }

    /// <summary>Does what is due: drops members that were not heard of, and ends a wait for joins.</summary>
    public void Tick(long now)
    {
        lock (_gate)
        {
            foreach (var (id, until) in _promised)
            {
                if (until < now)
                    _promised.Remove(id);
            }

            // One whose request is held here is known to live, or its connection is gone and it cannot know better.
            var silent = _members.Values.Where(member => !member.IsWaiting && member.Deadline < now).ToList();
            silent.ForEach(Remove);
            if (silent.Count > 0)
                AfterLoss(now);
            if (State == GroupState.CompletingRebalance && now > _rebalanceBy)
                DropThoseWhoDidNotSync(now);
            TryComplete(now);
        }
    }

    public IReadOnlyList<(Member Member, byte[] Metadata)> Describe()
    {
        lock (_gate)
            return [.. _members.Values.Select(member => (member, State == GroupState.Stable ? member.MetadataOf(Protocol) : []))];
    }

    private Task<JoinResult> JoinStatic(JoinRequest request, string instance, long now)
    {
        if (!_static.TryGetValue(instance, out var id))
        {
            if (request.MemberId.Length > 0)
                return Task.FromResult(new JoinResult(ErrorCode.UnknownMemberId, request.MemberId));
            if (_members.Count >= MaxMembers)
                return Task.FromResult(new JoinResult(ErrorCode.GroupMaxSizeReached, ""));
            return Add(_static[instance] = NewId(request), request, now);
        }

        if (request.MemberId.Length > 0)
        {
            return request.MemberId == id
                ? Rejoin(_members[id], request, now)
                : Task.FromResult(new JoinResult(ErrorCode.FencedInstanceId, request.MemberId));
        }

        // The same instance after a restart: it takes the place of its former self, which is fenced, and nobody else notices.
        var former = _members[id];
        former.Joining?.TrySetResult(new JoinResult(ErrorCode.FencedInstanceId, former.Id));
        former.Syncing?.TrySetResult(new SyncResult(ErrorCode.FencedInstanceId, []));
        _members.Remove(id);
        var member = new Member(_static[instance] = NewId(request), request) { Assignment = former.Assignment, Deadline = now + request.SessionTimeoutMs };
        _members[member.Id] = member;
        var wasLeader = _leader == id;
        if (wasLeader)
            _leader = member.Id;
        if (State == GroupState.Stable && former.Offers(request.Protocols))
        {
            // It gets its assignment by syncing. Its former id as the leader's keeps it from assigning.
            return Task.FromResult(new JoinResult(ErrorCode.None, member.Id, Generation, Protocol, wasLeader ? id : _leader!, []));
        }

        return Hold(member, request, now);
    }

    private Task<JoinResult> Add(string id, JoinRequest request, long now)
    {
        var member = new Member(id, request) { Deadline = now + request.SessionTimeoutMs };
        _members[id] = member;
        _grew = true;
        ProtocolType = request.ProtocolType;
        return Hold(member, request, now);
    }

    private Task<JoinResult> Rejoin(Member member, JoinRequest request, long now)
    {
        var same = member.Offers(request.Protocols);
        member.Deadline = now + request.SessionTimeoutMs;

        // Sent again because the answer got lost; or a follower that lost nothing. A leader that joins again wants to assign again.
        if (same && (State == GroupState.CompletingRebalance || (State == GroupState.Stable && member.Id != _leader)))
            return Task.FromResult(Joined(member));
        return Hold(member, request, now);
    }

    private Task<JoinResult> Hold(Member member, JoinRequest request, long now)
    {
        member.Joined = request;
        member.Joining?.TrySetResult(new JoinResult(ErrorCode.UnknownMemberId, member.Id));
        member.Joining = new TaskCompletionSource<JoinResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = member.Joining.Task;
        if (State != GroupState.PreparingRebalance)
            Prepare(now);
        TryComplete(now);
        return held;
    }

    private void Prepare(long now)
    {
        foreach (var member in _members.Values)
        {
            member.Syncing?.TrySetResult(new SyncResult(ErrorCode.RebalanceInProgress, []));
            member.Syncing = null;
            member.Assignment = [];
        }

        _newMembersOnly = State == GroupState.Empty;
        _grew = false;
        _rebalanceSince = now;
        State = GroupState.PreparingRebalance;
        _rebalanceBy = now + (_newMembersOnly ? initialDelayMs : RebalanceTimeout());
    }

    private void TryComplete(long now)
    {
        if (State != GroupState.PreparingRebalance)
            return;
        var due = now >= _rebalanceBy;
        if (_newMembersOnly && due && _grew && now - _rebalanceSince < RebalanceTimeout())
        {
            // They are still coming in: wait for the rest as long as each round brings somebody.
            (_grew, _rebalanceBy) = (false, Math.Min(now + initialDelayMs, _rebalanceSince + RebalanceTimeout()));
            return;
        }

        if (due || (!_newMembersOnly && _promised.Count == 0 && _members.Values.All(member => member.Joining is not null)))
            Complete(now);
    }

    private void Complete(long now)
    {
        // A static member that did not come keeps its place until its session ends.
        foreach (var absent in _members.Values.Where(member => member.Joining is null && member.Joined.InstanceId is null).ToList())
            Remove(absent);
        Generation++;
        if (_members.Count == 0)
        {
            (State, _leader, Protocol) = (GroupState.Empty, null, "");
            return;
        }

        if (_leader is null || _members.GetValueOrDefault(_leader)?.Joining is null)
            _leader = (_members.Values.FirstOrDefault(member => member.Joining is not null) ?? _members.Values.First()).Id;
        Protocol = Elect();
        State = GroupState.CompletingRebalance;
        _rebalanceBy = now + RebalanceTimeout();
        foreach (var member in _members.Values)
        {
            member.Deadline = now + member.Joined.SessionTimeoutMs;
            member.Joining?.TrySetResult(Joined(member));
            member.Joining = null;
        }
    }

    private JoinResult Joined(Member member) => new(
        ErrorCode.None, member.Id, Generation, Protocol, _leader!,
        member.Id == _leader ? [.. _members.Values.Select(one => (one.Id, one.Joined.InstanceId, one.MetadataOf(Protocol)))] : []);

    /// <summary>Each member votes for the first of its protocols that all share.</summary>
    private string Elect() => _members.Values
        .Select(member => member.Joined.Protocols.First(protocol => _members.Values.All(other => other.Joined.Protocols.Any(p => p.Name == protocol.Name))).Name)
        .GroupBy(protocol => protocol).MaxBy(votes => votes.Count())!.Key;

    private bool CanTakePart(JoinRequest request)
    {
        if (request.Protocols.Count == 0 || request.ProtocolType.Length == 0)
            return false;
        var others = _members.Values.Where(member => member.Id != request.MemberId && (request.InstanceId is null || member.Joined.InstanceId != request.InstanceId)).ToList();
        return others.Count == 0
            || (request.ProtocolType == ProtocolType && request.Protocols.Any(protocol => others.TrueForAll(other => other.Joined.Protocols.Any(p => p.Name == protocol.Name))));
    }

    private ErrorCode Check(Caller caller, out Member? member)
    {
        member = null;
        if (caller.InstanceId is { } instance && _static.TryGetValue(instance, out var id) && id != caller.MemberId)
            return ErrorCode.FencedInstanceId;
        if (!_members.TryGetValue(caller.MemberId, out member))
            return ErrorCode.UnknownMemberId;
        return caller.Generation == Generation ? ErrorCode.None : ErrorCode.IllegalGeneration;
    }

    private void DropThoseWhoDidNotSync(long now)
    {
        var late = _members.Values.Where(member => member.Syncing is null).ToList();
        late.ForEach(Remove);
        AfterLoss(now);
    }

    private void Remove(Member member)
    {
        _members.Remove(member.Id);
        if (member.Joined.InstanceId is { } instance && _static.GetValueOrDefault(instance) == member.Id)
            _static.Remove(instance);
        member.Joining?.TrySetResult(new JoinResult(ErrorCode.UnknownMemberId, member.Id));
        member.Syncing?.TrySetResult(new SyncResult(ErrorCode.UnknownMemberId, []));
        if (_leader == member.Id)
            _leader = null;
    }

    private void AfterLoss(long now)
    {
        if (State is GroupState.Stable or GroupState.CompletingRebalance)
            Prepare(now);
        TryComplete(now);
    }

    private long RebalanceTimeout() => _members.Count == 0 ? 0 : _members.Values.Max(member => (long)member.Joined.RebalanceTimeoutMs);

    private static string NewId(JoinRequest request) => $"{request.InstanceId ?? request.ClientId}-{Guid.NewGuid():d}";
}
