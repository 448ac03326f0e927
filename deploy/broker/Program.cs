using System.Runtime.InteropServices;
using System.Text.Json;
using CroPlatform.Broker;
using CroPlatform.Contracts;

// Configuration: Broker__ReadyFile, written once clients can connect.
var readyFile = Environment.GetEnvironmentVariable("Broker__ReadyFile");

var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}

using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

using var cluster = new MockCluster();
foreach (var topic in Topics.All)
    cluster.Create(topic);
if (readyFile is not null)
{
    // Renamed into place, so that who waits for the file never reads half of it.
    await File.WriteAllTextAsync(readyFile + ".new", JsonSerializer.Serialize(new { bootstrap = cluster.Bootstrap }));
    File.Move(readyFile + ".new", readyFile, overwrite: true);
}

Console.WriteLine($"mock Kafka cluster on {cluster.Bootstrap}: {string.Join(", ", Topics.All.Select(t => $"{t.Name} ({t.Partitions})"))}");
Console.WriteLine("it keeps at most 5 MiB a partition and forgets everything when it ends");
await stop.Task;
if (readyFile is not null)
    File.Delete(readyFile);
Console.WriteLine("ended: everything in it is gone");
