using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CroPlatform.Files;

/// <summary>The machine's file system.</summary>
public sealed partial class DiskFiles : IDurableFiles
{
    public IDurableFile Open(string path) => new DiskFile(path);

    public bool Exists(string path) => File.Exists(path);

    public IReadOnlyList<string> Files(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file))] : [];

    public IReadOnlyList<string> Folders(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Select(file => Path.GetFileName(file))] : [];

    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    public void Move(string from, string to)
    {
        if (Directory.Exists(from))
            Directory.Move(from, to);
        else
            File.Move(from, to, overwrite: true);
    }

    public void Delete(string file) => File.Delete(file);

    public void DeleteFolder(string folder) => Directory.Delete(folder, recursive: true);

    /// <summary>.NET opens no directories, so this asks the C library. Windows keeps names safe by itself.</summary>
    public void SyncDirectory(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = OpenDescriptor(folder, 0);
        if (descriptor < 0)
            throw new IOException($"cannot open {folder}: error {Marshal.GetLastPInvokeError()}");
        var result = SyncDescriptor(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = CloseDescriptor(descriptor);
        if (result != 0)
            throw new IOException($"cannot sync {folder}: error {error}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDescriptor(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);

    private sealed class DiskFile(string path) : IDurableFile
    {
        private readonly SafeFileHandle _handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

        public long Length => RandomAccess.GetLength(_handle);

        public void Write(ReadOnlySpan<byte> bytes, long position) => RandomAccess.Write(_handle, bytes, position);

        public int Read(Span<byte> buffer, long position)
        {
            var filled = 0;
            while (filled < buffer.Length)
            {
                var read = RandomAccess.Read(_handle, buffer[filled..], position + filled);
                if (read == 0)
                    break;
                filled += read;
            }

            return filled;
        }

        public void SetLength(long length) => RandomAccess.SetLength(_handle, length);

        /// <summary>Without the times that fsync would also write: a fifth to a third faster for one file.</summary>
        public void Sync()
        {
            if (!OperatingSystem.IsLinux())
                RandomAccess.FlushToDisk(_handle);
            else if (SyncData(_handle) != 0)
                throw new IOException($"cannot sync {path}: error {Marshal.GetLastPInvokeError()}");
        }

        public void Dispose() => _handle.Dispose();
    }
}
