using System.Runtime.InteropServices;
using System.Text;

namespace CroPlatform.Bench.Broker;

/// <summary>
/// Kafka brokers in this process's memory: librdkafka's mock cluster, which speaks the real protocol on a port of
/// 127.0.0.1 that the kernel chooses. It keeps at most 5 MiB (and 100 000 record batches) a partition, drops the oldest
/// beyond that, and forgets everything at its end.
/// </summary>
internal sealed class MockCluster : IDisposable
{
    // The cluster numbers its brokers from 1.
    private const int FirstBroker = 1;

    private readonly nint _client;
    private readonly nint _cluster;

    /// <exception cref="InvalidOperationException">librdkafka refused; its reason is the message.</exception>
    public MockCluster(int brokers = 1)
    {
        var error = new byte[512];
        _client = Librdkafka.NewClient(Librdkafka.Producer, Librdkafka.NewConfiguration(), error, (nuint)error.Length);
        if (_client == 0)
            throw new InvalidOperationException($"librdkafka: {Encoding.UTF8.GetString(error).TrimEnd('\0')}");
        _cluster = Librdkafka.NewCluster(_client, brokers);
        if (_cluster == 0)
            throw new InvalidOperationException("librdkafka could not start its mock cluster (no free port on 127.0.0.1?)");
        Librdkafka.SetController(_cluster, FirstBroker); // else it names a broker that is not there, and administration waits for it
        Bootstrap = Marshal.PtrToStringUTF8(Librdkafka.Bootstraps(_cluster))!;
    }

    /// <summary>host:port to give clients as <c>bootstrap.servers</c>.</summary>
    public string Bootstrap { get; }

    /// <exception cref="InvalidOperationException">librdkafka refused the topic; its reason is in the message.</exception>
    public void Create(string topic, int partitions, int replicas = 1)
    {
        var code = Librdkafka.CreateTopic(_cluster, topic, partitions, replicas);
        if (code != 0)
            throw new InvalidOperationException($"topic {topic}: {Marshal.PtrToStringUTF8(Librdkafka.ErrorText(code))}");
    }

    /// <summary>The next produce requests are refused with these errors (rd_kafka_resp_err_t), one each.</summary>
    public void RefuseProduce(params ReadOnlySpan<int> errors) => Librdkafka.PushErrors(_cluster, apiKey: 0, (nuint)errors.Length, errors);

    public void Dispose()
    {
        Librdkafka.DestroyCluster(_cluster);
        Librdkafka.DestroyClient(_client);
    }
}
