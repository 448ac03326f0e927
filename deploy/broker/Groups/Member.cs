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
    public string Id => id;

    public JoinRequest Joined { get; set; } = joined;

    public byte[] Assignment { get; set; } = [];

    /// <summary>By when it must be heard of, in ms of the coordinator's clock.</summary>
    public long Deadline { get; set; }

    /// <summary>Its join request, held until everybody has joined.</summary>
    public TaskCompletionSource<JoinResult>? Joining { get; set; }

    /// <summary>Its sync request, held until the leader has assigned.</summary>
    public TaskCompletionSource<SyncResult>? Syncing { get; set; }

    public bool IsWaiting => Joining is not null || Syncing is not null;

    public byte[] MetadataOf(string protocol) => Joined.Protocols.FirstOrDefault(p => p.Name == protocol)?.Metadata ?? [];

    public bool Offers(IReadOnlyList<Protocol> protocols) =>
        protocols.Count == Joined.Protocols.Count
        && protocols.Zip(Joined.Protocols).All(pair => pair.First.Name == pair.Second.Name && pair.First.Metadata.AsSpan().SequenceEqual(pair.Second.Metadata));
}
