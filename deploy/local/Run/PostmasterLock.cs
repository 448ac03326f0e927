using System.Diagnostics;

namespace CroPlatform.Local.Run;

/// <summary>
/// What a killed Postgres leaves in its folder. It finds out by itself that the process named in postmaster.pid is gone,
/// but not where that is dead and only waits to be reaped, which in a container without an init process is for ever.
/// </summary>
internal static class PostmasterLock
{
    // Its helpers notice its end at once.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Removes the file if the process is dead, once none of its helpers is left that could still write.</summary>
    /// <exception cref="FailureException">Some still run after ten seconds.</exception>
    public static async Task ReleaseAsync(string home, CancellationToken cancel)
    {
        var file = Path.Combine(home, "postmaster.pid");
        if (!File.Exists(file) || !int.TryParse(File.ReadLines(file).FirstOrDefault(), out var pid) || ProcessIdentity.Of(pid, "") is not null)
            return;
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50, cancel))
        {
            if (WorkingIn(home) is not { } helper)
                break;
            if (clock.Elapsed > Limit)
                throw new FailureException($"postgres was killed, and its process {helper} still works in {home}; end that process");
        }

        File.Delete(file);
    }

    /// <summary>A process whose working folder this is, as that of all of Postgres's are.</summary>
    private static int? WorkingIn(string home)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var pid))
                continue;
            try
            {
                if (File.ResolveLinkTarget(Path.Combine(folder, "cwd"), returnFinalTarget: false)?.FullName == home)
                    return pid;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile, or it is another user's and so none of Postgres's.
            }
        }

        return null;
    }
}
