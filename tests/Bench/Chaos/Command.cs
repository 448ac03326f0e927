using System.Diagnostics;

namespace CroPlatform.Bench.Chaos;

/// <summary>Runs a tool of the system to its end.</summary>
internal static class Command
{
    /// <returns>Its exit status.</returns>
    public static int Run(params string[] command)
    {
        using var process = Process.Start(command[0], command[1..]);
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <exception cref="BenchException">It did not end with 0.</exception>
    public static void Demand(params string[] command)
    {
        var code = Run(command);
        if (code != 0) throw new BenchException($"'{string.Join(' ', command)}' ended with {code}");
    }
}
