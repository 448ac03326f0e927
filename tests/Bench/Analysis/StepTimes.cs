namespace CroPlatform.Bench.Analysis;

/// <summary>How long each step from events in memory to published results took between two moments, by the service's own metrics.</summary>
internal sealed class StepTimes(RunningPlatform platform)
{
    private static readonly (string What, string Metric, string Labels)[] Steps =
    [
        ("a partition's checkpoint", "cro_statistics_checkpoint_seconds", ""),
        ("a round of publishing: read", "cro_statistics_publish_seconds", "{step=\"read\""),
        ("judge", "cro_statistics_publish_seconds", "{step=\"judge\""),
        ("write", "cro_statistics_publish_seconds", "{step=\"write\""),
    ];

    private readonly Uri _statistics = platform.Http("statistics");
    private (double Seconds, double Times)[] _before = [];

    public async Task BeginAsync() => _before = await ReadAsync();

    public async Task WriteAsync()
    {
        var now = await ReadAsync();
        Console.WriteLine("| step | times | mean ms |");
        Console.WriteLine("|---|---:|---:|");
        for (var i = 0; i < Steps.Length; i++)
        {
            var (seconds, times) = (now[i].Seconds - _before[i].Seconds, now[i].Times - _before[i].Times);
            Console.WriteLine($"| {Steps[i].What} | {times:n0} | {1_000 * seconds / times:n0} |");
        }
    }

    private async Task<(double Seconds, double Times)[]> ReadAsync()
    {
        var read = new (double, double)[Steps.Length];
        for (var i = 0; i < read.Length; i++)
        {
            var (_, metric, labels) = Steps[i];
            read[i] = (await platform.MetricAsync(_statistics, $"{metric}_sum{labels}"), await platform.MetricAsync(_statistics, $"{metric}_count{labels}"));
        }

        return read;
    }
}
