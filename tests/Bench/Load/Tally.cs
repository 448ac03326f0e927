using System.Diagnostics;

namespace CroPlatform.Bench.Load;

/// <summary>What one connection saw. Not shared between threads while it runs.</summary>
internal sealed class Tally(Window window)
{
    private readonly List<double> _latencies = new(65_536);

    /// <summary>Of the answers that came within the window, in seconds.</summary>
    public IReadOnlyList<double> Latencies => _latencies;

    /// <summary>Answers that were not the wanted ones, warm-up included.</summary>
    public long Failures { get; private set; }

    /// <summary>Units of work (events, decisions) that were acknowledged, warm-up included.</summary>
    public long Done { get; private set; }

    public void Answer(long asked, int done)
    {
        Done += done;
        var now = Stopwatch.GetTimestamp();
        if (window.Contains(now)) _latencies.Add((now - asked) / (double)Stopwatch.Frequency);
    }

    public void Failure() => Failures++;
}

/// <summary>A whole stage: all connections together.</summary>
/// <param name="PerRequest">Units of work in each request.</param>
/// <param name="CpuSeconds">Processor time of the server within the window; NaN if not known.</param>
internal sealed record Measurement(double Seconds, int PerRequest, double[] SortedLatencies, long Failures, long Done, double CpuSeconds)
{
    public double RequestsPerSecond => SortedLatencies.Length / Seconds;

    public double WorkPerSecond => RequestsPerSecond * PerRequest;

    /// <summary>Units of work for each second of the server's processor time.</summary>
    public double WorkPerCpuSecond => SortedLatencies.Length * (double)PerRequest / CpuSeconds;

    /// <summary>Cores that the server kept busy.</summary>
    public double Cores => CpuSeconds / Seconds;

    /// <summary>Nearest rank, in milliseconds.</summary>
    public double LatencyMs(double quantile) =>
        SortedLatencies.Length == 0 ? double.NaN : 1_000 * SortedLatencies[Math.Clamp((int)Math.Ceiling(quantile * SortedLatencies.Length) - 1, 0, SortedLatencies.Length - 1)];

    /// <summary>Runs the connections to their end and reads the server's processor time at both ends of the window.</summary>
    public static async Task<Measurement> OfAsync(Window window, int perRequest, IEnumerable<Task<Tally>> connections, Func<Task<double>>? cpuSeconds)
    {
        var running = Task.WhenAll(connections);
        var cpu = CpuAsync(window, cpuSeconds);
        var tallies = await running;
        double[] latencies = [.. tallies.SelectMany(t => t.Latencies)];
        Array.Sort(latencies);
        return new Measurement(window.Seconds, perRequest, latencies, tallies.Sum(t => t.Failures), tallies.Sum(t => t.Done), await cpu);
    }

    private static async Task<double> CpuAsync(Window window, Func<Task<double>>? cpuSeconds)
    {
        if (cpuSeconds is null) return double.NaN;
        await window.BegunAsync();
        var before = await cpuSeconds();
        await window.EndedAsync();
        return await cpuSeconds() - before;
    }
}
