using System.Globalization;

namespace CroPlatform.Platform.Tests.Hostile;

/// <summary>The memory of the platform's processes, as Linux counts it.</summary>
internal static class ServiceMemory
{
    public static readonly string[] All = ["door", "ingestion", "experiments", "assignment", "statistics", "reporting"];

    /// <summary>Forgets the highest working set so far.</summary>
    public static void ResetPeaks()
    {
        foreach (var service in All) File.WriteAllText($"/proc/{Pid(service)}/clear_refs", "5");
    }

    /// <summary>The highest working set since the reset, in MiB.</summary>
    public static int PeakOf(string service)
    {
        var line = File.ReadLines($"/proc/{Pid(service)}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static int Pid(string service) => ServiceProcess.PidOf(TestPlatform.Current.Folder, service);
}
