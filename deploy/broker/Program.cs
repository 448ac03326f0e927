using System.Diagnostics;
using System.Runtime.InteropServices;
using CroPlatform.Broker;

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
    var options = BrokerOptions.FromEnvironment();
    Directory.CreateDirectory(options.Data);

    // Two brokers on one folder would write over each other.
    await using var held = new FileStream(Path.Combine(options.Data, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    await using var broker = new KafkaBroker(options, new DiskFiles(), TimeProvider.System, Console.WriteLine);

    var synced = options.Fsync ? "before every acknowledgement" : "in the background";
    Console.WriteLine($"Kafka broker on {broker.Bootstrap}, ready after {clock.ElapsedMilliseconds} ms, data in {options.Data}, fsync {synced}");
    foreach (var topic in broker.Topics.All)
        Console.WriteLine($"  {topic.Name}: {topic.Partitions.Count} partitions, {topic.Partitions.Sum(partition => partition.Bytes)} bytes");
    await stop.Task;
}
catch (Exception e) when (e is InvalidOperationException or IOException or SocketException)
{
    await Console.Error.WriteLineAsync($"cannot start: {e.Message}");
    return 1;
}

Console.WriteLine("ended");
return 0;
