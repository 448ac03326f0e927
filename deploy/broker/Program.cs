using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using CroPlatform.Broker;
using CroPlatform.Contracts;

// Configuration: Broker__ReadyFile, written once clients can connect, Broker__Topics (false makes none of the platform's), and BrokerOptions.
var readyFile = Environment.GetEnvironmentVariable("Broker__ReadyFile");
var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}

using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
try
{
    var clock = Stopwatch.StartNew();
    var options = BrokerOptions.FromEnvironment(Environment.GetEnvironmentVariable);
    Directory.CreateDirectory(options.Data);

    // Two brokers on one folder would write over each other.
    await using var held = new FileStream(Path.Combine(options.Data, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    IEnumerable<CroPlatform.Contracts.Topic> topics = Environment.GetEnvironmentVariable("Broker__Topics") == "false" ? [] : Topics.All;
    await using var broker = new KafkaBroker(options, new DiskFiles(), TimeProvider.System, Console.WriteLine, topics.Select(topic =>
        (topic.Name, topic.Partitions, (IReadOnlyDictionary<string, string>)(topic.KeptForEver
            ? new Dictionary<string, string> { [TopicConfig.RetentionMs] = "-1", [TopicConfig.RetentionBytes] = "-1" }
            : []))));
    if (readyFile is not null)
    {
        // Renamed into place, so that who waits for the file never reads half of it.
        await File.WriteAllTextAsync(readyFile + ".new", JsonSerializer.Serialize(new { bootstrap = broker.Bootstrap }));
        File.Move(readyFile + ".new", readyFile, overwrite: true);
    }

    Console.WriteLine($"Kafka broker on {broker.Bootstrap}, ready after {clock.ElapsedMilliseconds} ms, data in {options.Data}, fsync {(options.Fsync ? "before every acknowledgement" : "in the background")}");
    foreach (var topic in broker.Topics.All)
        Console.WriteLine($"  {topic.Name}: {topic.Partitions.Count} partitions, {topic.Partitions.Sum(partition => partition.Bytes)} bytes");
    await stop.Task;
    if (readyFile is not null)
        File.Delete(readyFile);
}
catch (Exception e) when (e is FormatException or IOException or SocketException)
{
    await Console.Error.WriteLineAsync($"cannot start: {e.Message}");
    return 1;
}

Console.WriteLine("ended");
return 0;
