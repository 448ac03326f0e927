namespace CroPlatform.Local.Backup;

/// <summary>
/// Copies a folder whose files grow at their ends meanwhile. Points from which a reader trusts the rest (json) come before what they speak of, and files in the
/// order of their names, which is the order in which they were written: a copy may lack an end, which a start cuts off, but nothing in the middle.
/// </summary>
internal static class FolderCopy
{
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        if (!Directory.Exists(from)) return;
        var files = new DirectoryInfo(from).EnumerateFiles().OrderBy(f => f.Extension != ".json").ThenBy(f => f.Name, StringComparer.Ordinal);
        foreach (var file in files)
        {
            try
            {
                using var source = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var target = new FileStream(Path.Combine(to, file.Name), FileMode.CreateNew, FileAccess.Write);
                source.CopyTo(target);
                target.Flush(flushToDisk: true);
            }
            catch (FileNotFoundException)
            {
                // Done with meanwhile: drained, or beyond its retention.
            }
        }

        foreach (var folder in Directory.EnumerateDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
