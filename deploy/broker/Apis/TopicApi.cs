namespace CroPlatform.Broker.Apis;

/// <summary>Making, deleting and describing topics.</summary>
internal sealed class TopicApi(TopicStore topics, OffsetStore offsets, BrokerOptions options)
{
    private const int TopicResource = 2;
    private const int BrokerResource = 4;
    private const int SetOnTopic = 1;
    private const int Default = 5;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis)
    {
        apis[ApiKey.CreateTopics] = Request.Now(Create);
        apis[ApiKey.DeleteTopics] = DeleteAsync;
        apis[ApiKey.DescribeConfigs] = Request.Now(DescribeConfigs);
    }

    private void Create(WireReader from, WireWriter to)
    {
        var wanted = from.Array(r => (
            Name: r.String(),
            Partitions: r.Int32(),
            Replicas: r.Int16(),
            Assigned: r.Array(a => (Partition: a.Int32(), Brokers: a.Array(b => b.Int32()))),
            Config: r.Array(c => (Name: c.String(), Value: c.NullableString()))));
        _ = from.Int32(); // time-out: nothing here takes long
        var onlyCheck = from.Boolean(since: 1);
        to.Throttle(since: 2).Array(wanted, topic =>
        {
            var (error, why) = Create(topic.Name, topic.Partitions, topic.Replicas, topic.Assigned, topic.Config, onlyCheck);
            to.String(topic.Name).Error(error).String(why, since: 1);
        });
    }

    private (ErrorCode Error, string? Why) Create(
        string name, int partitions, short replicas, (int Partition, int[] Brokers)[] assigned, (string Name, string? Value)[] config, bool onlyCheck)
    {
        if (assigned.Length > 0 ? assigned.Any(a => a.Brokers is not [ClusterApi.NodeId]) : replicas is not (1 or -1))
            return (ErrorCode.InvalidReplicationFactor, "this broker is alone: the replication factor is 1");
        if (config.Select(setting => TopicConfig.Refusal(setting.Name, setting.Value)).FirstOrDefault(refusal => refusal is not null) is { } why)
            return (ErrorCode.InvalidConfig, why);
        var count = assigned.Length > 0 ? assigned.Length : partitions == -1 ? 1 : partitions;
        var settings = config.DistinctBy(setting => setting.Name).ToDictionary(setting => setting.Name, setting => setting.Value!);
        return topics.Create(name, count, settings, onlyCheck);
    }

    private async Task DeleteAsync(Request request)
    {
        var names = request.Body.Array(r => r.String());
        var errors = names.Select(name => topics.Delete(name) ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition).ToArray();

        // Else a topic made anew under the name would be read from the middle.
        await offsets.ForgetAsync(key => names.Contains(key.Topic) && topics.Find(key.Topic) is null);
        var to = request.Response;
        to.Throttle(since: 1).Array(names.Zip(errors).ToArray(), topic => to.String(topic.First).Error(topic.Second));
    }

    private void DescribeConfigs(WireReader from, WireWriter to)
    {
        var wanted = from.Array(r => (Type: r.Int8(), Name: r.String(), Keys: r.NullableArray(k => k.String())));
        to.Throttle().Array(wanted, resource =>
        {
            var (error, settings) = Settings(resource.Type, resource.Name);
            to.Error(error).String(null).Int8(resource.Type).String(resource.Name);
            to.Array(settings.Where(setting => resource.Keys is null || resource.Keys.Contains(setting.Name)).ToArray(), setting =>
            {
                to.String(setting.Name).String(setting.Value).Boolean(true); // read-only: nothing can be altered later
                to.Int8(to.Version == 0 ? (setting.IsSet ? 0 : 1) : setting.IsSet ? SetOnTopic : Default);
                to.Boolean(false).Count(0, since: 1); // not secret, no synonyms
            });
        });
    }

    private (ErrorCode Error, IEnumerable<(string Name, string Value, bool IsSet)> Settings) Settings(sbyte type, string name) => type switch
    {
        TopicResource when topics.Find(name) is { } topic => (ErrorCode.None, topic.Config.Describe(options)),
        TopicResource => (ErrorCode.UnknownTopicOrPartition, []),
        BrokerResource => (ErrorCode.None,
        [
            ("log.retention.ms", $"{options.RetentionMs}", false),
            ("log.retention.bytes", $"{options.RetentionBytes}", false),
            ("log.segment.bytes", $"{options.SegmentBytes}", false),
            ("message.max.bytes", $"{options.MaxBatchBytes}", false),
            ("auto.create.topics.enable", "false", false),
        ]),
        _ => (ErrorCode.InvalidRequest, []),
    };
}
