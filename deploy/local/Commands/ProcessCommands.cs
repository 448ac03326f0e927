using CroPlatform.Local.Data;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

/// <summary>restart, kill and logs: each about one process.</summary>
internal static class ProcessCommands
{
    public static async Task<int> RestartAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var (platform, name) = Take(arguments, progress);
        arguments.End();
        await platform.EndAsync(name, atOnce: false, cancel);
        await platform.UpAsync(doorPort: null, cancel);
        return 0;
    }

    public static async Task<int> KillAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var (platform, name) = Take(arguments, progress);
        arguments.End();
        await platform.EndAsync(name, atOnce: true, cancel);
        return 0;
    }

    public static async Task<int> LogsAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var follow = arguments.Flag("-f");
        var lines = arguments.Number("-n", 1, 1_000_000) ?? 200;
        var (platform, name) = Take(arguments, progress);
        arguments.End();
        var log = platform.Data.Log(name);
        if (!File.Exists(log))
            throw new FailureException($"{name} has said nothing yet: there is no {log}");
        return await Foreground.RunAsync(["tail", follow ? "-F" : "-q", "-n", lines.ToString(), log], new Dictionary<string, string>(), cancel);
    }

    private static (Platform Platform, string Name) Take(Arguments arguments, Progress progress)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        var names = string.Join(", ", Platform.AllNames);
        var name = arguments.Word() ?? throw new UsageException($"which one? {names}");
        if (!Platform.AllNames.Contains(name))
            throw new UsageException($"there is no '{name}'; there are {names}");
        if (!data.Exists)
            throw new FailureException($"there is no platform in {data.Root}; './cro up' makes one");
        return (new Platform(data, progress), name);
    }
}
