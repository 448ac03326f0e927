namespace CroPlatform.Broker.Wire;

/// <summary>The requests this broker answers.</summary>
internal enum ApiKey : short
{
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    OffsetCommit = 8,
    OffsetFetch = 9,
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    SyncGroup = 14,
    DescribeGroups = 15,
    ListGroups = 16,
    SaslHandshake = 17,
    ApiVersions = 18,
    CreateTopics = 19,
    DeleteTopics = 20,
    InitProducerId = 22,
    OffsetForLeaderEpoch = 23,
    DescribeConfigs = 32,
    DeleteGroups = 42,
}

/// <summary>The versions of one request that are answered, and from which one its fields have the compact form (KIP-482).</summary>
internal readonly record struct ApiVersionRange(ApiKey Key, short Min, short Max, short FlexibleFrom = short.MaxValue)
{
    /// <summary>
    /// As few as the five clients need. Most end just below their compact form, which no client asks for; Metadata goes on to topic ids.
    /// </summary>
    public static IReadOnlyDictionary<ApiKey, ApiVersionRange> All { get; } = new ApiVersionRange[]
    {
        new(ApiKey.Produce, 3, 8),
        new(ApiKey.Fetch, 4, 11),
        new(ApiKey.ListOffsets, 1, 5),
        new(ApiKey.Metadata, 0, 12, FlexibleFrom: 9),
        new(ApiKey.OffsetCommit, 2, 7),
        new(ApiKey.OffsetFetch, 1, 5),
        new(ApiKey.FindCoordinator, 0, 2),
        new(ApiKey.JoinGroup, 0, 5),
        new(ApiKey.Heartbeat, 0, 3),
        new(ApiKey.LeaveGroup, 0, 3),
        new(ApiKey.SyncGroup, 0, 3),
        new(ApiKey.DescribeGroups, 0, 4),
        new(ApiKey.ListGroups, 0, 2),
        new(ApiKey.SaslHandshake, 0, 1),
        new(ApiKey.ApiVersions, 0, 3, FlexibleFrom: 3),
        new(ApiKey.CreateTopics, 0, 4),
        new(ApiKey.DeleteTopics, 0, 3),
        new(ApiKey.InitProducerId, 0, 1),
        new(ApiKey.OffsetForLeaderEpoch, 2, 3),
        new(ApiKey.DescribeConfigs, 0, 2),
        new(ApiKey.DeleteGroups, 0, 1),
    }.ToDictionary(range => range.Key);
}
