using System.Text.Json;

namespace CroPlatform.Files;

/// <summary>
/// What a store asks of a file system. The promise it builds on: what was written before <see cref="IDurableFile.Sync"/> returned, and names
/// that were there before <see cref="SyncDirectory"/> returned, survive a loss of power; anything else may be lost, in whole or in part.
/// </summary>
public interface IDurableFiles
{
    /// <summary>Opens for reading and writing; makes the file if it is not there.</summary>
    IDurableFile Open(string path);

    /// <summary>Names (not paths) of the files and folders in a folder.</summary>
    IReadOnlyList<string> Names(string folder);

    void CreateFolder(string path);

    /// <summary>Renames a file or a folder, over a file that has the name.</summary>
    void Move(string from, string to);

    void Delete(string file);

    void DeleteFolder(string folder);

    void SyncDirectory(string folder);
}

/// <summary>An open file. Positions and lengths in bytes.</summary>
public interface IDurableFile : IDisposable
{
    long Length { get; }

    /// <exception cref="IOException">It could not be written in full; part of it may be.</exception>
    void Write(ReadOnlySpan<byte> bytes, long position);

    /// <summary>Fills as much of the buffer as there is.</summary>
    /// <exception cref="ObjectDisposedException">It was closed meanwhile.</exception>
    int Read(Span<byte> buffer, long position);

    void SetLength(long length);

    /// <exception cref="IOException">What was written since the last call may be lost, whatever a later call says.</exception>
    void Sync();
}

public static class DurableFilesExtensions
{
    /// <summary>What <see cref="ReplaceJson"/> wrote; null if it is not there.</summary>
    /// <exception cref="IOException">It holds something else.</exception>
    public static T? ReadJson<T>(this IDurableFiles files, string path)
    {
        if (!files.Names(Path.GetDirectoryName(path)!).Contains(Path.GetFileName(path)))
            return default;
        using var file = files.Open(path);
        var bytes = new byte[file.Length];
        file.Read(bytes, 0);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes);
        }
        catch (JsonException e)
        {
            throw new IOException($"{path} is broken: {e.Message}", e);
        }
    }

    /// <summary>Writes a small file as a whole: after a crash there is the old one or the new one.</summary>
    public static void ReplaceJson<T>(this IDurableFiles files, string path, T value)
    {
        using (var file = files.Open(path + ".new"))
        {
            file.SetLength(0);
            file.Write(JsonSerializer.SerializeToUtf8Bytes(value), 0);
            file.Sync();
        }

        files.Move(path + ".new", path);
        files.SyncDirectory(Path.GetDirectoryName(path)!);
    }
}
