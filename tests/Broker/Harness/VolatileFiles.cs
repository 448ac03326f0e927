using CroPlatform.Files;

namespace CroPlatform.Broker.Tests;

/// <summary>
/// A file system in memory that keeps apart what was synced and what was not. A crash throws away, of everything that was not synced, what
/// chance picks: single writes (so that holes stay), the end of a write, lengths, and names, each for itself. It is harsher than any disk.
/// </summary>
public sealed class VolatileFiles : IDurableFiles
{
    private readonly Lock _gate = new();
    private readonly Folder _root;
    private bool _crashed;
    private Func<string, bool> _failsToSync = _ => false;

    public VolatileFiles()
        : this(new Folder())
    {
    }

    private VolatileFiles(Folder root) => _root = root;

    public int Syncs { get; private set; }

    /// <summary>From now on syncing files whose path it holds for fails.</summary>
    public void FailSync(Func<string, bool> which)
    {
        lock (_gate)
            _failsToSync = which;
    }

    /// <summary>Cuts the power: nothing more can be done with this one, and what comes up afterwards is returned.</summary>
    public VolatileFiles Crash(Random random)
    {
        lock (_gate)
        {
            _crashed = true;
            return new VolatileFiles(_root.AfterCrash(random));
        }
    }

    public IDurableFile Open(string path) => Do(() =>
    {
        var folder = Find(Parent(path));
        if (folder.Now.TryGetValue(Name(path), out var found))
            return new OpenFile(this, (Inode)found, path);
        var made = new Inode();
        folder.Now[Name(path)] = made;
        return new OpenFile(this, made, path);
    });

    public IReadOnlyList<string> Names(string folder) => Do(() => Find(folder).Now.Keys.ToList());

    public void CreateFolder(string path) => Do(() =>
    {
        var at = _root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!at.Now.TryGetValue(name, out var next))
                at.Now[name] = next = new Folder();
            at = (Folder)next;
        }

        return 0;
    });

    public void Move(string from, string to) => Do(() =>
    {
        var (source, target) = (Find(Parent(from)), Find(Parent(to)));
        target.Now[Name(to)] = source.Now[Name(from)];
        source.Now.Remove(Name(from));
        return 0;
    });

    public void Delete(string file) => Do(() => Find(Parent(file)).Now.Remove(Name(file)));

    public void DeleteFolder(string folder) => Do(() => Find(Parent(folder)).Now.Remove(Name(folder)));

    public void SyncDirectory(string folder) => Do(() =>
    {
        var found = Find(folder);
        found.Synced = new Dictionary<string, object>(found.Now);
        return 0;
    });

    private T Do<T>(Func<T> action)
    {
        lock (_gate)
            return _crashed ? throw new IOException("the power is off") : action();
    }

    private Folder Find(string path) => TryFind(path) ?? throw new IOException($"no folder {path}");

    private Folder? TryFind(string path)
    {
        var at = _root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at.Now.GetValueOrDefault(name) is not Folder next)
                return null;
            at = next;
        }

        return at;
    }

    private static string Parent(string path) => path[..path.LastIndexOf('/')];

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    private sealed class Folder
    {
        public Dictionary<string, object> Now { get; } = [];

        public Dictionary<string, object> Synced { get; set; } = [];

        public Folder AfterCrash(Random random)
        {
            var after = new Folder();
            foreach (var name in Now.Keys.Union(Synced.Keys).Order(StringComparer.Ordinal))
            {
                var kept = (random.Next(2) == 0 ? Now : Synced).GetValueOrDefault(name);
                if (kept is Folder folder)
                    after.Now[name] = folder.AfterCrash(random);
                else if (kept is Inode file)
                    after.Now[name] = file.AfterCrash(random);
            }

            after.Synced = new Dictionary<string, object>(after.Now);
            return after;
        }
    }

    private sealed class Inode
    {
        private byte[] _synced = [];
        private readonly List<(long Position, byte[]? Bytes)> _since = [];

        public byte[] Content { get; private set; } = new byte[1_024];

        public int Length { get; private set; }

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            _since.Add((position, bytes.ToArray()));
            Put(bytes, position);
        }

        public void SetLength(long length)
        {
            _since.Add((length, null));
            Resize((int)length);
        }

        public void Sync()
        {
            _synced = Content[..Length];
            _since.Clear();
        }

        public Inode AfterCrash(Random random)
        {
            var after = new Inode();
            after.Put(_synced, 0);
            foreach (var (position, bytes) in _since)
            {
                var fate = random.Next(4);
                if (fate == 0)
                    continue;
                if (bytes is null)
                    after.Resize((int)position);
                else
                    after.Put(fate == 1 ? bytes.AsSpan(0, random.Next(bytes.Length + 1)) : bytes, position);
            }

            after.Sync();
            return after;
        }

        private void Put(ReadOnlySpan<byte> bytes, long position)
        {
            var end = (int)position + bytes.Length;
            if (end > Length)
                Resize(end);
            bytes.CopyTo(Content.AsSpan((int)position));
        }

        private void Resize(int length)
        {
            if (length > Content.Length)
            {
                var larger = new byte[Math.Max(length, Content.Length * 2)];
                Content.AsSpan(0, Length).CopyTo(larger);
                Content = larger;
            }

            if (length < Length)
                Content.AsSpan(length, Length - length).Clear();
            Length = length;
        }
    }

    private sealed class OpenFile(VolatileFiles files, Inode inode, string path) : IDurableFile
    {
        private bool _closed;

        public long Length => Do(() => inode.Length);

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            var copy = bytes.ToArray();
            Do(() =>
            {
                inode.Write(copy, position);
                return 0;
            });
        }

        public int Read(Span<byte> buffer, long position)
        {
            var wanted = buffer.Length;
            var read = Do(() => inode.Content[(int)Math.Min(position, inode.Length)..(int)Math.Min(position + wanted, inode.Length)]);
            read.CopyTo(buffer);
            return read.Length;
        }

        public void SetLength(long length) => Do(() =>
        {
            inode.SetLength(length);
            return 0;
        });

        public void Sync() => Do(() =>
        {
            if (files._failsToSync(path))
                throw new IOException("the disk does not answer");
            inode.Sync();
            files.Syncs++;
            return 0;
        });

        public void Dispose() => _closed = true;

        private T Do<T>(Func<T> action)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return files.Do(action);
        }
    }
}
