using System.Diagnostics;

namespace CroPlatform.Bench.Load;

/// <summary>The stretch of time that is measured, after a warm-up that is not. Times are those of <see cref="Stopwatch"/>.</summary>
internal sealed class Window
{
    private readonly long _begin;
    private readonly long _end;

    public Window(Settings settings)
    {
        _begin = Stopwatch.GetTimestamp() + (long)(settings.WarmUp.TotalSeconds * Stopwatch.Frequency);
        _end = _begin + (long)(settings.Length.TotalSeconds * Stopwatch.Frequency);
        Seconds = settings.Length.TotalSeconds;
    }

    public double Seconds { get; }

    public bool Contains(long time) => time >= _begin && time < _end;

    public bool IsOver(long time) => time >= _end;

    public Task BegunAsync() => UntilAsync(_begin);

    public Task EndedAsync() => UntilAsync(_end);

    private static Task UntilAsync(long time) =>
        Task.Delay(TimeSpan.FromSeconds(Math.Max(0, (time - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency)));
}
