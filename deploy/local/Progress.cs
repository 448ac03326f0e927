using System.Diagnostics;

namespace CroPlatform.Local;

/// <summary>What a person sees while a command works: a line a step, with the time it took.</summary>
internal sealed class Progress(TextWriter writer)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private readonly Lock _lock = new();

    public void Line(string text = "")
    {
        lock (_lock)
            writer.WriteLine(text);
    }

    public void Step(string name, string text) => Line($"  {name,-12} {text}");

    public void Step(string name, string text, TimeSpan took) => Step(name, $"{text} ({Seconds(took)})");

    /// <summary>
    /// Runs <paramref name="work"/>, says that it still runs every 15 s, and shows the text it returns with the time it took.
    /// </summary>
    public async Task WatchAsync(string name, string doing, Func<Task<string>> work)
    {
        var clock = Stopwatch.StartNew();
        var running = work();
        while (await Task.WhenAny(running, Task.Delay(Heartbeat)) != running)
            Step(name, $"{doing} … {Seconds(clock.Elapsed)}");
        Step(name, await running, clock.Elapsed);
    }

    public static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.0} s";
}
