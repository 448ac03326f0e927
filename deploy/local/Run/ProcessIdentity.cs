namespace CroPlatform.Local.Run;

/// <summary>
/// Which process a number means: Linux gives numbers out again, but not with the same start time in the same boot.
/// </summary>
/// <param name="Pid">Its number, also that of its process group.</param>
/// <param name="StartTicks">When it started, in clock ticks since the boot (proc(5), stat, field 22).</param>
/// <param name="Boot">Which boot (/proc/sys/kernel/random/boot_id).</param>
/// <param name="Fingerprint">Of the spec that it was started from.</param>
internal sealed record ProcessIdentity(int Pid, long StartTicks, string Boot, string Fingerprint)
{
    private const string BootFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>The identity of a process that runs now, or null.</summary>
    public static ProcessIdentity? Of(int pid, string fingerprint) =>
        ReadStart(pid) is { } ticks ? new ProcessIdentity(pid, ticks, CurrentBoot(), fingerprint) : null;

    /// <summary>Whether that very process still runs.</summary>
    public bool IsAlive => Boot == CurrentBoot() && ReadStart(Pid) == StartTicks;

    /// <summary>When it started.</summary>
    public DateTimeOffset StartedAt => DateTimeOffset.UtcNow - TimeSpan.FromMilliseconds(Environment.TickCount64) + TimeSpan.FromSeconds(StartTicks / 100.0);

    /// <summary>One line each, the number first, so that <c>head -1</c> gives it to a shell.</summary>
    public string Write() => $"{Pid}\n{StartTicks}\n{Boot}\n{Fingerprint}\n";

    /// <summary>Null where the text is not a whole identity.</summary>
    public static ProcessIdentity? Parse(string text) =>
        text.Split('\n') is [var pid, var ticks, var boot, var fingerprint, ..] && int.TryParse(pid, out var number) && long.TryParse(ticks, out var start)
            ? new ProcessIdentity(number, start, boot, fingerprint)
            : null;

    /// <summary>Field 22 of /proc/PID/stat, or null where the process has ended and only waits to be reaped.</summary>
    public static long? ParseStart(string stat)
    {
        // The second field is the program's name in parentheses and may hold anything, also spaces and parentheses.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && fields[0] is not ("Z" or "X") && long.TryParse(fields[19], out var ticks) ? ticks : null;
    }

    private static long? ReadStart(int pid)
    {
        try
        {
            return ParseStart(File.ReadAllText($"/proc/{pid}/stat"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string CurrentBoot() => File.ReadAllText(BootFile).Trim();
}
