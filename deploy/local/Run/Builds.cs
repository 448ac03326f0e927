namespace CroPlatform.Local.Run;

/// <summary>Tells builds of a program apart.</summary>
internal static class Builds
{
    /// <summary>When the newest assembly beside this one was written; changes with every build that changed something.</summary>
    public static string Revision(string assembly)
    {
        var folder = Path.GetDirectoryName(assembly)!;
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.dll").Max(File.GetLastWriteTimeUtc).Ticks.ToString()
            : "";
    }
}
