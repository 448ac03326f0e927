using System.Diagnostics;

namespace CroPlatform.Bench;

/// <summary>
/// Cores that each of the local platform's processes used between two moments with all that they started, this process, and whatever else ran on the
/// machine. Which processes those are is told by the files beside the platform's endpoints.
/// </summary>
internal sealed class CoreUse
{
    private static readonly string Pids = Path.Combine(Path.GetDirectoryName(Environment.GetEnvironmentVariable("CRO_ENDPOINTS")!)!, "pids");

    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly Dictionary<string, double> _before = Read();
    private List<(string Name, double Cores)> _used = [];

    public void End()
    {
        var seconds = Stopwatch.GetElapsedTime(_startedAt).TotalSeconds;
        _used = [.. Read().Select(a => (a.Key, (a.Value - _before.GetValueOrDefault(a.Key)) / seconds))];
    }

    public void Write()
    {
        Console.WriteLine($"| cores of | {string.Join(" | ", _used.Select(u => u.Name))} |");
        Console.WriteLine($"|---|{string.Concat(_used.Select(_ => "---:|"))}");
        Console.WriteLine($"| | {string.Join(" | ", _used.Select(u => u.Cores.ToString("0.00")))} |");
        Console.WriteLine();
    }

    private static Dictionary<string, double> Read()
    {
        var seconds = new Dictionary<string, double>();
        var processes = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(Stat.TryRead!).OfType<Stat>().ToDictionary(s => s.Id);
        foreach (var file in Directory.Exists(Pids) ? Directory.GetFiles(Pids, "*.pid") : [])
        {
            var id = int.Parse(File.ReadLines(file).First());
            seconds[Path.GetFileNameWithoutExtension(file)] = processes.Values.Where(p => IsOf(p, id)).Sum(p => p.Seconds);
        }

        seconds["this bench"] = Environment.CpuUsage.TotalTime.TotalSeconds;
        // In ticks of 10 ms: user, nice, system, idle, waiting, …
        var machine = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].Select(double.Parse).ToArray();
        var busy = (machine[..8].Sum() - machine[3] - machine[4]) / 100;
        seconds["all else"] = busy - seconds.Values.Sum();
        return seconds;

        bool IsOf(Stat process, int ancestor) =>
            process.Id == ancestor || (processes.TryGetValue(process.Parent, out var parent) && IsOf(parent, ancestor));
    }

    /// <summary>A line of /proc/PID/stat: seconds are its own and those of children that ended.</summary>
    private sealed record Stat(int Id, int Parent, double Seconds)
    {
        public static Stat? TryRead(string id)
        {
            try
            {
                var text = File.ReadAllText($"/proc/{id}/stat");
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                return new Stat(int.Parse(id), int.Parse(fields[1]), fields[11..15].Sum(double.Parse) / 100);
            }
            catch (IOException)
            {
                return null; // it ended meanwhile
            }
        }
    }
}
