using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>The processes of one data folder, by name: a file each in its folder pids.</summary>
internal sealed class PidFiles(DataFolder data)
{
    /// <summary>The process of that name if it still runs; a file left by one that ended, or by another boot, counts for nothing.</summary>
    public ProcessIdentity? Alive(string name)
    {
        try
        {
            return ProcessIdentity.Parse(File.ReadAllText(PathOf(name))) is { IsAlive: true } process ? process : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Every name that has a file, running or not.</summary>
    public IReadOnlyList<string> Names() =>
        Directory.Exists(data.Pids) ? [.. Directory.EnumerateFiles(data.Pids, "*.pid").Select(file => Path.GetFileNameWithoutExtension(file)!)] : [];

    public void Write(string name, ProcessIdentity process) => DataFolder.WritePrivate(PathOf(name), process.Write());

    public void Remove(string name) => File.Delete(PathOf(name));

    public bool Knows(string name) => File.Exists(PathOf(name));

    private string PathOf(string name) => Path.Combine(data.Pids, name + ".pid");
}
