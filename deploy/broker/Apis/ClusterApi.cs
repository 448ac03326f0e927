namespace CroPlatform.Broker.Apis;

/// <summary>What a client asks first: versions, who leads what, who coordinates, a producer id. And what is refused: SASL, transactions.</summary>
internal sealed class ClusterApi(KafkaBroker broker, TopicStore topics)
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

        // Produce is said to begin at 0, as by Kafka 4: older librdkafka compresses nothing without it (KAFKA-18659).
        to.Array([.. ApiVersionRange.All.Values], api => to.Int16((short)api.Key).Int16(api.Key == ApiKey.Produce ? 0 : api.Min).Int16(api.Max).Tags());
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
        if (wanted is null || (from.Version == 0 && wanted.Length == 0))
            wanted = [.. topics.All.Select(topic => (topic.Id, topic.Name))];

        to.Throttle(since: 3).Count(1).Int32(NodeId).String(broker.Host).Int32(broker.Port).String(null, since: 1).Tags();
        to.String(topics.ClusterId, since: 2).Int32(NodeId, since: 1);
        to.Array(wanted, one =>
        {
            var topic = one.Name is null ? topics.Find(one.Id) : topics.Find(one.Name);
            to.Error(topic is not null ? ErrorCode.None : one.Name is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition);
            to.String(topic?.Name ?? one.Name ?? (to.Version >= 12 ? null : "")).Uuid(topic?.Id ?? one.Id, since: 10).Boolean(false, since: 1);
            to.Array([.. Enumerable.Range(0, topic?.Partitions.Count ?? 0)], index => to
                .Error(ErrorCode.None).Int32(index).Int32(NodeId).Int32(0, since: 7) // leader and its epoch
                .Count(1).Int32(NodeId).Count(1).Int32(NodeId).Count(0, since: 5).Tags()); // replicas, those in sync, those offline
            to.Int32(NoOperations, since: 8).Tags();
        });
        if (to.Version <= 10)
            to.Int32(NoOperations, since: 8);
        to.Tags();
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
