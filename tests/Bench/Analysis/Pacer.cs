using System.Diagnostics;
using System.Text;
using CroPlatform.Bench.Load;
using CroPlatform.Bench.Traffic;

namespace CroPlatform.Bench.Analysis;

/// <summary>Requests to the gateway, each at its own moment whatever became of those before it, over as many connections as that takes.</summary>
internal sealed class Pacer(RunningPlatform platform, ShopVisitors visitors, int eventsPerSecond, int perRequest)
{
    private const int Connections = 32;

    private long _slots;
    private long _sent;
    private long _latest;

    /// <summary>Events that were acknowledged.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>How long a request had to wait at most until a connection was free.</summary>
    public double LatestMs => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _latest)).TotalMilliseconds;

    public Task RunAsync(CancellationToken stop)
    {
        var start = Stopwatch.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() => SendAsync(start, stop), CancellationToken.None)));
    }

    private async Task SendAsync(long start, CancellationToken stop)
    {
        using var connection = await HttpConnection.OpenAsync(platform.Http("ingestion"));
        var request = new EventRequest(platform.WriteKey);
        var wanted = Encoding.ASCII.GetBytes($"{{\"accepted\":{perRequest},");
        while (!stop.IsCancellationRequested)
        {
            var due = start + (Interlocked.Increment(ref _slots) - 1) * perRequest * Stopwatch.Frequency / eventsPerSecond;
            var early = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (early > TimeSpan.Zero) await Task.Delay(early, CancellationToken.None);
            var late = Stopwatch.GetTimestamp() - due;
            if (late > Volatile.Read(ref _latest)) Volatile.Write(ref _latest, late);
            lock (visitors)
            {
                while (request.Count < perRequest) visitors.Next(request);
            }

            var reply = await connection.AskAsync(request.Take());
            if (reply.Status != 202 || !reply.Body.Span.StartsWith(wanted)) throw new BenchException($"the gateway answered {reply.Status}: {Encoding.UTF8.GetString(reply.Body.Span)}");
            Interlocked.Add(ref _sent, perRequest);
        }
    }
}
