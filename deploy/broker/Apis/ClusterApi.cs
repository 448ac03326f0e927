using CroPlatform.Broker.Serve;
using CroPlatform.Broker.Store;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Apis;

/// <summary>What a client asks first: versions, who leads what, who coordinates, a producer id. And what is refused: SASL, transactions.</summary>
internal sealed class ClusterApi(KafkaBroker broker, TopicStore topics, BrokerOptions options)
{
    /// <summary>The only broker's id; also the controller's and every coordinator's.</summary>
    public const int NodeId = 1;

    private const int NoAuthorizedOperations = int.MinValue;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis)
    {
        apis[ApiKey.ApiVersions] = Answers.Now(ApiVersions);
        apis[ApiKey.Metadata] = Answers.Now(Metadata);
        apis[ApiKey.FindCoordinator] = Answers.Now(FindCoordinator);
        apis[ApiKey.InitProducerId] = Answers.Now(InitProducerId);
        apis[ApiKey.SaslHandshake] = Answers.Now(SaslHandshake);
    }

    private static void ApiVersions(Request request)
    {
        var (to, range) = (request.Response, ApiVersionRange.All[ApiKey.ApiVersions]);
        var isKnown = request.Version <= range.Max && request.Version >= range.Min;
        to.Error(isKnown ? ErrorCode.None : ErrorCode.UnsupportedVersion);
        to.Array([.. ApiVersionRange.All.Values], api =>
        {
            to.Int16((short)api.Key);
            to.Int16(api.Advertised ?? api.Min);
            to.Int16(api.Max);
            to.Tags();
        });
        if (isKnown && request.Version >= 1)
            to.Int32(0); // throttle
        to.Tags();
    }

    private void Metadata(Request request)
    {
        var (from, to, version) = (request.Body, request.Response, request.Version);
        var wanted = from.NullableArray(r =>
        {
            var id = version >= 10 ? r.Uuid() : Guid.Empty;
            var name = version >= 10 ? r.NullableString() : r.String();
            r.Tags();
            return (Id: id, Name: name);
        });
        if (version == 0 && wanted is { Length: 0 })
            wanted = null;
        var mayCreate = version < 4 || from.Boolean();

        if (version >= 3)
            to.Int32(0); // throttle
        to.Count(1);
        to.Int32(NodeId);
        to.String(broker.Host);
        to.Int32(broker.Port);
        if (version >= 1)
            to.String(null); // rack
        to.Tags();
        if (version >= 2)
            to.String(topics.ClusterId);
        if (version >= 1)
            to.Int32(NodeId); // controller
        (string? Name, Guid Id, ErrorCode Error, Topic? Topic)[] described = wanted is null
            ? [.. topics.All.Select(topic => (topic.Name, topic.Id, ErrorCode.None, topic))]
            : [.. wanted.Select(one => Find(one.Id, one.Name, mayCreate))];
        to.Array(described, one => Describe(to, version, one.Name, one.Id, one.Error, one.Topic));
        if (version is >= 8 and <= 10)
            to.Int32(NoAuthorizedOperations);
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

    private static void Describe(WireWriter to, short version, string? name, Guid id, ErrorCode error, Topic? topic)
    {
        to.Error(error);
        to.String(name ?? (version >= 12 ? null : ""));
        if (version >= 10)
            to.Uuid(id);
        if (version >= 1)
            to.Boolean(false); // internal
        to.Array(Enumerable.Range(0, topic?.Partitions.Count ?? 0).ToArray(), index =>
        {
            to.Error(ErrorCode.None);
            to.Int32(index);
            to.Int32(NodeId); // leader
            if (version >= 7)
                to.Int32(0); // its epoch
            to.Array([NodeId], to.Int32); // replicas
            to.Array([NodeId], to.Int32); // in sync
            if (version >= 5)
                to.Count(0); // offline
            to.Tags();
        });
        if (version >= 8)
            to.Int32(NoAuthorizedOperations);
        to.Tags();
    }

    private void FindCoordinator(Request request)
    {
        _ = request.Body.String();
        var isTransaction = request.Version >= 1 && request.Body.Int8() == 1;
        var to = request.Response;
        if (request.Version >= 1)
            to.Int32(0); // throttle
        to.Error(isTransaction ? ErrorCode.TransactionalIdAuthorizationFailed : ErrorCode.None);
        if (request.Version >= 1)
            to.String(isTransaction ? "this broker has no transactions" : null);
        to.Int32(isTransaction ? -1 : NodeId);
        to.String(isTransaction ? "" : broker.Host);
        to.Int32(isTransaction ? -1 : broker.Port);
    }

    private void InitProducerId(Request request)
    {
        var isTransaction = request.Body.NullableString() is not null;
        var to = request.Response;
        to.Int32(0); // throttle
        to.Error(isTransaction ? ErrorCode.TransactionalIdAuthorizationFailed : ErrorCode.None);
        to.Int64(isTransaction ? -1 : topics.NewProducerId());
        to.Int16(isTransaction ? -1 : 0);
    }

    private static void SaslHandshake(Request request)
    {
        request.Response.Error(ErrorCode.UnsupportedSaslMechanism);
        request.Response.Count(0); // mechanisms
    }
}
