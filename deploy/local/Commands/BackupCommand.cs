using System.Diagnostics;
using CroPlatform.Local.Backup;
using CroPlatform.Local.Data;
using CroPlatform.Local.Install;

namespace CroPlatform.Local.Commands;

/// <summary><c>backup DIR</c> copies what a running platform cannot make again; <c>restore DIR --data NEW</c> makes a data folder of it.</summary>
internal static class BackupCommand
{
    public static Task<int> TakeAsync(Arguments arguments, Progress progress, CancellationToken cancel) =>
        RunAsync("backup", arguments, progress, (backups, folder) => backups.TakeAsync(folder, cancel), cancel);

    public static Task<int> RestoreAsync(Arguments arguments, Progress progress, CancellationToken cancel) =>
        RunAsync("restore", arguments, progress, (backups, folder) => backups.RestoreAsync(folder, cancel), cancel);

    private static async Task<int> RunAsync(string name, Arguments arguments, Progress progress, Func<Backups, string, Task> run, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        var folder = Path.GetFullPath(arguments.Word() ?? throw new UsageException($"which folder? '{name} DIR'"));
        arguments.End();
        await new Preparation(progress).EnsureAsync(forTests: false, cancel);
        var clock = Stopwatch.StartNew();
        await run(new Backups(data, progress), folder);
        progress.Line($"{name} took {Progress.Seconds(clock.Elapsed)}: {folder}");
        return 0;
    }
}
