using System.Runtime.InteropServices;

namespace CroPlatform.Local.Run;

/// <summary>Signals by their numbers on Linux (signal(7)).</summary>
internal enum Signal
{
    /// <summary>Postgres calls it a fast shutdown: sessions end, nothing is lost.</summary>
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,

    /// <summary>Goes on after <see cref="Stop"/>.</summary>
    Continue = 18,

    /// <summary>Stands still until told to go on.</summary>
    Stop = 19,
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
