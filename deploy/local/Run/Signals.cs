using System.Runtime.InteropServices;

namespace CroPlatform.Local.Run;

/// <summary>The signals that end a process (signal.h).</summary>
internal enum Signal
{
    /// <summary>Postgres calls it a fast shutdown: sessions end, nothing is lost.</summary>
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
}

internal static partial class Signals
{
    /// <summary>To one process; false if it is gone or not ours.</summary>
    public static bool Send(int pid, Signal signal) => Kill(pid, (int)signal) == 0;

    /// <summary>To a whole process group.</summary>
    public static bool SendToGroup(int group, Signal signal) => Kill(-group, (int)signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
