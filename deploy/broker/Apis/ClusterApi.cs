namespace CroPlatform.Broker.Apis;

/// <summary>What a client asks first: versions, who leads what, who coordinates, a producer id. And what is refused: SASL, transactions.</summary>
internal sealed class ClusterApi(KafkaBroker broker, TopicStore topics, BrokerOptions options)
{
    /// <summary>The only broker's id; also the controller's and every coordinator's.</summary>
    public const int NodeId = 1;

    /// <summary>Who may do what is not known here.</summary>
    public const int NoOperations = int.MinValue;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis)
    {
        apis[ApiKey.ApiVersions] = Request.Now(ApiVersions);
        apis[ApiKey.Metadata] = Request.Now(Metadata);
        apis[ApiKey.FindCoordinator] = Request.Now(FindCoordinator);
        apis[ApiKey.InitProducerId] = Request.Now(InitProducerId);
        apis[ApiKey.SaslHandshake] = Request.Now((_, to) => to.Error(ErrorCode.UnsupportedSaslMechanism).Count(0));
    }

    private static void ApiVersions(WireReader from, WireWriter to)
    {
        // A client that asks in a way of the future learns of ours in the oldest way.
        var isKnown = from.Version <= ApiVersionRange.All[ApiKey.ApiVersions].Max;
        if (!isKnown)
            to.Version = 0;
        to.Error(isKnown ? ErrorCode.None : ErrorCode.UnsupportedVersion);
        to.Array([.. ApiVersionRange.All.Values], api => to.Int16((short)api.Key).Int16(api.Advertised ?? api.Min).Int16(api.Max).Tags());
        to.Throttle(since: 1).Tags();
    }

    private void Metadata(WireReader from, WireWriter to)
    {
        var wanted = from.NullableArray(r =>
        {
            var one = (Id: r.Uuid(since: 10), Name: r.Version >= 10 ? r.NullableString() : r.String());
            r.Tags();
            return one;
        });
        if (from.Version == 0 && wanted is { Length: 0 })
            wanted = null;
        var mayCreate = from.Version < 4 || from.Boolean();
        (string? Name, Guid Id, ErrorCode Error, Topic? Topic)[] described = wanted is null
            ? [.. topics.All.Select(topic => (topic.Name, topic.Id, ErrorCode.None, topic))]
            : [.. wanted.Select(one => Find(one.Id, one.Name, mayCreate))];

        to.Throttle(since: 3).Count(1).Int32(NodeId).String(broker.Host).Int32(broker.Port).String(null, since: 1).Tags();
        to.String(topics.ClusterId, since: 2).Int32(NodeId, since: 1);
        to.Array(described, one =>
        {
            to.Error(one.Error).String(one.Name ?? (to.Version >= 12 ? null : "")).Uuid(one.Id, since: 10).Boolean(false, since: 1);
            to.Array([.. Enumerable.Range(0, one.Topic?.Partitions.Count ?? 0)], index =>
            {
                to.Error(ErrorCode.None).Int32(index).Int32(NodeId).Int32(0, since: 7); // leader and its epoch
                to.Count(1).Int32(NodeId).Count(1).Int32(NodeId).Count(0, since: 5).Tags(); // replicas, those in sync, those offline
            });
            to.Int32(NoOperations, since: 8).Tags();
        });
        if (to.Version <= 10)
            to.Int32(NoOperations, since: 8);
        to.Tags();
    }

    private (string? Name, Guid Id, ErrorCode Error, Topic? Topic) Find(Guid id, string? name, bool mayCreate)
    {
        if (name is null)
            return topics.Find(id) is { } byId ? (byId.Name, id, ErrorCode.None, byId) : (null, id, ErrorCode.UnknownTopicId, null);
        if (topics.Find(name) is null && mayCreate && options.AutoCreateTopics && topics.Create(name, 1, new Dictionary<string, string>()).Error is not (ErrorCode.None or ErrorCode.TopicAlreadyExists) and var error)
            return (name, id, error, null);
        return topics.Find(name) is { } topic ? (name, topic.Id, ErrorCode.None, topic) : (name, Guid.Empty, ErrorCode.UnknownTopicOrPartition, null);
    }

    private void FindCoordinator(WireReader from, WireWriter to)
    {
        _ = from.String();
        to.Throttle(since: 1);
        if (from.Int8(since: 1) == 1)
            to.Error(ErrorCode.TransactionalIdAuthorizationFailed).String("this broker has no transactions", since: 1).Int32(-1).String("").Int32(-1);
        else
            to.Error(ErrorCode.None).String(null, since: 1).Int32(NodeId).String(broker.Host).Int32(broker.Port);
    }

    private void InitProducerId(WireReader from, WireWriter to)
    {
        if (from.NullableString() is null)
            to.Throttle().Error(ErrorCode.None).Int64(topics.NewProducerId()).Int16(0);
        else
            to.Throttle().Error(ErrorCode.TransactionalIdAuthorizationFailed).Int64(-1).Int16(-1);
    }
}
