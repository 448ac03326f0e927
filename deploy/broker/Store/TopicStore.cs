namespace CroPlatform.Broker.Store;

/// <summary>A topic with its partitions.</summary>
/// <param name="Id">New with every making, so that consumers can tell a log that was made anew.</param>
internal sealed record Topic(string Name, Guid Id, TopicConfig Config, IReadOnlyList<PartitionLog> Partitions)
{
    public PartitionLog? Partition(int index) => index >= 0 && index < Partitions.Count ? Partitions[index] : null;
}

/// <summary>
/// All topics, in <c>topics/NAME/topic.json</c> and <c>topics/NAME/PARTITION/</c>; and what else the broker must not forget, in
/// <c>cluster.json</c>. Topics come and go by way of <c>staging/</c>, so that a crash leaves none by halves.
/// </summary>
internal sealed class TopicStore : IDisposable
{
    private readonly IDurableFiles _files;
    private readonly BrokerOptions _options;
    private readonly TimeProvider _time;
    private readonly FlushQueue? _flushes;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Topic> _topics = new();
    private ClusterFile _cluster;

    /// <exception cref="IOException">The folder cannot be used.</exception>
    public TopicStore(BrokerOptions options, IDurableFiles files, TimeProvider time)
    {
        (_options, _files, _time) = (options, files, time);
        _flushes = options.Fsync ? new FlushQueue() : null;
        files.CreateFolder(options.Data);
        files.CreateFolder(Folder("topics"));
        files.CreateFolder(Folder("staging"));
        foreach (var unfinished in files.Names(Folder("staging")))
            files.DeleteFolder(Folder("staging", unfinished));
        files.SyncDirectory(options.Data);
        files.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Data)) ?? options.Data);
        _cluster = files.ReadJson<ClusterFile>(Folder("cluster.json")) ?? new ClusterFile($"{Guid.NewGuid():n}", 0);
        files.ReplaceJson(Folder("cluster.json"), _cluster);
        foreach (var name in files.Names(Folder("topics")))
        {
            var path = Folder("topics", name, "topic.json");
            _topics[name] = Open(name, files.ReadJson<TopicFile>(path) ?? throw new IOException($"{path} is missing"));
        }
    }

    public string ClusterId => _cluster.ClusterId;

    public IEnumerable<Topic> All => _topics.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal);

    public Topic? Find(string name) => _topics.GetValueOrDefault(name);

    public Topic? Find(Guid id) => _topics.Values.FirstOrDefault(topic => topic.Id == id);

    /// <summary>An id that no producer has had.</summary>
    public long NewProducerId()
    {
        lock (_gate)
        {
            _cluster = _cluster with { NextProducerId = _cluster.NextProducerId + 1 };
            _files.ReplaceJson(Folder("cluster.json"), _cluster);
            return _cluster.NextProducerId - 1;
        }
    }

    /// <summary>Makes a topic; once this returns it is there after any crash.</summary>
    /// <param name="onlyCheck">Makes nothing.</param>
    public (ErrorCode Error, string? Why) Create(string name, int partitions, IReadOnlyDictionary<string, string> config, bool onlyCheck = false)
    {
        if (name.Length is 0 or > 249 || name is "." or ".." || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            return (ErrorCode.InvalidTopic, "a name has 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'");
        lock (_gate)
        {
            if (_topics.ContainsKey(name))
                return (ErrorCode.TopicAlreadyExists, $"{name} is there already");
            if (partitions < 1)
                return (ErrorCode.InvalidPartitions, "a topic has at least one partition");
            if (_topics.Values.Sum(topic => topic.Partitions.Count) + (long)partitions > _options.MaxPartitions)
                return (ErrorCode.PolicyViolation, $"at most {_options.MaxPartitions} partitions (Broker__MaxPartitions)");
            if (onlyCheck)
                return default;
            var file = new TopicFile(Guid.NewGuid(), partitions, new Dictionary<string, string>(config));
            var staging = Folder("staging", file.Id.ToString("n"));
            _files.CreateFolder(staging);
            for (var i = 0; i < partitions; i++)
                _files.CreateFolder(Path.Combine(staging, $"{i}"));
            _files.ReplaceJson(Path.Combine(staging, "topic.json"), file);
            _files.Move(staging, Folder("topics", name));
            _files.SyncDirectory(Folder("topics"));
            _topics[name] = Open(name, file);
            return default;
        }
    }

    /// <summary>Deletes a topic with all its records.</summary>
    public bool Delete(string name)
    {
        lock (_gate)
        {
            if (!_topics.TryRemove(name, out var topic))
                return false;
            foreach (var partition in topic.Partitions)
                partition.Close();
            var deleted = Folder("staging", topic.Id.ToString("n"));
            _files.Move(Folder("topics", name), deleted);
            _files.SyncDirectory(Folder("topics"));
            _files.DeleteFolder(deleted);
            return true;
        }
    }

    public void Maintain()
    {
        foreach (var partition in _topics.Values.SelectMany(topic => topic.Partitions))
            partition.Maintain(Now());
    }

    /// <summary>A clean end.</summary>
    public void Dispose()
    {
        _flushes?.Dispose();
        foreach (var partition in _topics.Values.SelectMany(topic => topic.Partitions))
            partition.Dispose();
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private string Folder(params string[] names) => Path.Combine([_options.Data, .. names]);

    private Topic Open(string name, TopicFile file)
    {
        var config = new TopicConfig(file.Config);
        return new Topic(name, file.Id, config,
        [
            .. Enumerable.Range(0, file.Partitions)
                .Select(i => new PartitionLog(_files, Folder("topics", name, $"{i}"), config.Limits(_options), _flushes, Now())),
        ]);
    }

    private sealed record ClusterFile(string ClusterId, long NextProducerId);

    private sealed record TopicFile(Guid Id, int Partitions, Dictionary<string, string> Config);
}
