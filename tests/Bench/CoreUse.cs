using System.Diagnostics;

namespace CroPlatform.Bench;

/// <summary>Cores that each service used between two moments, this process, and whatever else ran on the machine: servers, and perhaps others' work.</summary>
internal sealed class CoreUse
{
    private static readonly string[] Services = ["ingestion", "statistics", "assignment", "experiments", "reporting"];

    private readonly RunningPlatform _platform;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly Dictionary<string, double> _before;
    private List<(string Name, double Cores)> _used = [];

    private CoreUse(RunningPlatform platform, Dictionary<string, double> before) => (_platform, _before) = (platform, before);

    public static async Task<CoreUse> StartAsync(RunningPlatform platform) => new(platform, await ReadAsync(platform));

    public async Task EndAsync()
    {
        var seconds = Stopwatch.GetElapsedTime(_startedAt).TotalSeconds;
        var after = await ReadAsync(_platform);
        _used = [.. after.Select(a => (a.Key, (a.Value - _before[a.Key]) / seconds))];
    }

    public void Write()
    {
        Console.WriteLine($"| {string.Join(" | ", _used.Select(u => u.Name))} |");
        Console.WriteLine($"|{string.Concat(_used.Select(_ => "---:|"))}");
        Console.WriteLine($"| {string.Join(" | ", _used.Select(u => u.Cores.ToString("0.00")))} |");
        Console.WriteLine();
    }

    private static async Task<Dictionary<string, double>> ReadAsync(RunningPlatform platform)
    {
        var seconds = new Dictionary<string, double>();
        foreach (var service in Services) seconds[service] = await platform.CpuSecondsAsync(platform.Http(service));
        seconds["door"] = await platform.CpuSecondsAsync(platform.Public);
        seconds["this bench"] = Environment.CpuUsage.TotalTime.TotalSeconds;
        // In ticks of 10 ms: user, nice, system, idle, waiting, …
        var machine = (await File.ReadAllLinesAsync("/proc/stat"))[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].Select(double.Parse).ToArray();
        var busy = (machine[..8].Sum() - machine[3] - machine[4]) / 100;
        seconds["broker, Postgres, Redis and all else"] = busy - seconds.Values.Sum();
        seconds["the machine"] = busy;
        return seconds;
    }
}
