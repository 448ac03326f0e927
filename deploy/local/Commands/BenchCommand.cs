using System.Diagnostics;
using CroPlatform.Local.Data;
using CroPlatform.Local.Install;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

/// <summary>Measures: starting (here), and what tests/Bench measures, against CRO_ENDPOINTS or an instance of its own.</summary>
internal static class BenchCommand
{
    private const string EndpointsVariable = "CRO_ENDPOINTS";
    private const int WarmStarts = 3;
    private static readonly string[] Unlimited = ["ManagementPerSecond", "ManagementBurst", "EventsPerSecond", "EventsBurst"];

    /// <summary>Measurements over simulated days, with how fast those pass unless the caller's environment says it.</summary>
    private static readonly Dictionary<string, string> Simulated = new() { ["aa-platform"] = "1000" };

    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var name = arguments.Word() ?? throw new UsageException("which measurement? start, or one of tests/Bench");
        await new Preparation(progress).EnsureAsync(forTests: false, cancel);
        if (name == "start")
        {
            arguments.End();
            return await StartAsync(progress, cancel);
        }

        await NodeModules.InstallAsync(progress, cancel);
        string[] command = ["dotnet", Checkout.Assembly("tests/Bench", "CroPlatform.Bench"), name, .. arguments.Rest()];
        if (Environment.GetEnvironmentVariable(EndpointsVariable) is { Length: > 0 } endpoints)
            return await BenchAsync(command, endpoints, cancel);

        // What is measured is how fast it could go, not how fast one key may.
        foreach (var limit in Unlimited) Environment.SetEnvironmentVariable($"RateLimits__{limit}", "10000000");
        if (Simulated.TryGetValue(name, out var rate)) SimulateClock(rate);
        await using var platform = await TemporaryPlatform.StartAsync("bench", progress, cancel);
        return await BenchAsync(command, platform.Data.Endpoints, cancel);
    }

    /// <summary>One clock for the platform and the measurement, from now on.</summary>
    private static void SimulateClock(string rate)
    {
        var now = DateTimeOffset.UtcNow.ToString("O");
        foreach (var (variable, value) in new[] { ("CRO_CLOCK_START", now), ("CRO_CLOCK_RATE", rate), ("CRO_CLOCK_ZERO", now) })
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable))) Environment.SetEnvironmentVariable(variable, value);
        }
    }

    private static Task<int> BenchAsync(string[] command, string endpoints, CancellationToken cancel) =>
        Foreground.RunAsync(command, new Dictionary<string, string> { [EndpointsVariable] = endpoints }, cancel);

    /// <summary>Times whole runs of <c>./cro up</c> with everything built: on a new data folder, then on the same one again.</summary>
    private static async Task<int> StartAsync(Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Temporary("bench");
        try
        {
            progress.Line("./cro up, everything installed and built");
            progress.Step("new data", Progress.Seconds(await UpAsync(data, cancel)));
            progress.Step("running", $"{Progress.Seconds(await UpAsync(data, cancel))} (nothing to do)");
            for (var i = 0; i < WarmStarts; i++)
            {
                await RunAsync(data, cancel, "down");
                progress.Step("warm", Progress.Seconds(await UpAsync(data, cancel)));
            }

            return 0;
        }
        finally
        {
            await new Platform(data, progress).DownAsync(CancellationToken.None);
            data.Delete();
        }
    }

    private static async Task<TimeSpan> UpAsync(DataFolder data, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();

        // 0, a free port, only at first: later it would be another one and so a reason to restart the door.
        await RunAsync(data, cancel, File.Exists(data.Ports) ? ["up"] : ["up", "--port", "0"]);
        return clock.Elapsed;
    }

    private static async Task RunAsync(DataFolder data, CancellationToken cancel, params string[] command)
    {
        var result = await Shell.RunAsync(Checkout.Path("cro"), [.. command, "--data", data.Root], cancel);
        if (!result.Succeeded)
            throw new FailureException($"./cro {command[0]} failed:\n{result.Tail()}");
    }
}
