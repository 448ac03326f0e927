using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;

namespace CroPlatform.Broker.Store;

internal readonly record struct OffsetKey(string Group, string Topic, int Partition);

/// <param name="LeaderEpoch">As the consumer gave it; -1 where it gave none.</param>
internal sealed record CommittedOffset(long Offset, int LeaderEpoch, string? Metadata);

/// <summary>
/// What groups have committed: a journal of frames (length, CRC-32C, content), appended and synced for all commits that wait, and
/// written anew when most of it is out of date. A commit is seen once it is on disk, in the order of the journal.
/// </summary>
internal sealed class OffsetStore : IAsyncDisposable
{
    private const int FrameHead = 8;
    private const int CompactFrom = 4 * 1024 * 1024;
    private const int BytesPerOffset = 128;
    private const int MaxOffsets = 100_000;
    private const int MaxFrame = 1_000;

    private readonly ILogFiles _files;
    private readonly string _path;
    private readonly bool _fsync;
    private readonly ConcurrentDictionary<OffsetKey, CommittedOffset> _offsets = new();
    private readonly Channel<Change> _changes = Channel.CreateBounded<Change>(new BoundedChannelOptions(1_024) { SingleReader = true });
    private readonly Task _writing;
    private ILogFile _file;
    private long _size;
    private bool _failed;

    public OffsetStore(ILogFiles files, string folder, bool fsync)
    {
        (_files, _path, _fsync) = (files, Path.Combine(folder, "offsets.journal"), fsync);
        _file = files.Open(_path);
        _size = Replay();
        if (_size < _file.Length)
            _file.SetLength(_size);
        _file.Sync();
        files.SyncDirectory(folder);
        _writing = Task.Run(WriteAsync);
    }

    public CommittedOffset? Find(OffsetKey key) => _offsets.GetValueOrDefault(key);

    public IEnumerable<KeyValuePair<OffsetKey, CommittedOffset>> OfGroup(string group) => _offsets.Where(pair => pair.Key.Group == group);

    public IEnumerable<string> Groups => _offsets.Keys.Select(key => key.Group).Distinct();

    /// <summary>Stores offsets; a null one forgets.</summary>
    public async Task<ErrorCode> StoreAsync(IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> offsets)
    {
        if (offsets.Count == 0)
            return ErrorCode.None;
        if (_offsets.Count + offsets.Count > MaxOffsets && offsets.Any(pair => pair.Offset is not null && !_offsets.ContainsKey(pair.Key)))
            return ErrorCode.PolicyViolation;
        var change = new Change(offsets, new TaskCompletionSource<ErrorCode>(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await _changes.Writer.WriteAsync(change);
        }
        catch (ChannelClosedException)
        {
            return ErrorCode.KafkaStorageError;
        }

        return await change.Done.Task;
    }

    public Task ForgetAsync(Func<OffsetKey, bool> which) =>
        StoreAsync([.. _offsets.Keys.Where(which).Select(key => (key, (CommittedOffset?)null))]);

    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _writing;
        _file.Dispose();
    }

    private async Task WriteAsync()
    {
        var taken = new List<Change>();
        while (await _changes.Reader.WaitToReadAsync())
        {
            while (taken.Count < 1_000 && _changes.Reader.TryRead(out var change))
                taken.Add(change);
            var error = Write(taken);
            foreach (var change in taken)
            {
                if (error == ErrorCode.None)
                    Apply(change.Offsets);
                change.Done.SetResult(error);
            }

            taken.Clear();
        }
    }

    private ErrorCode Write(IEnumerable<Change> changes)
    {
        if (_failed)
            return ErrorCode.KafkaStorageError;
        using var frames = new WireWriter(4_096);
        foreach (var some in changes.SelectMany(change => change.Offsets).Chunk(MaxFrame))
            Frame(frames, some);
        try
        {
            _file.Write(frames.Written.Span, _size);
        }
        catch (IOException)
        {
            // Say a full disk. The next write starts at the same place.
            return ErrorCode.KafkaStorageError;
        }

        try
        {
            if (_fsync)
                _file.Sync();
            _size += frames.Length;
            if (_size > CompactFrom && _size > 4L * _offsets.Count * BytesPerOffset)
                Compact();
            return ErrorCode.None;
        }
        catch (IOException)
        {
            // What is on disk is known again after a start only.
            _failed = true;
            return ErrorCode.KafkaStorageError;
        }
    }

    /// <summary>Before the changes just written are applied: they are carried over by appending to the new file what the old one ended with.</summary>
    private void Compact()
    {
        var (now, _) = Read(_file, _size);
        using var frames = new WireWriter(64 * 1024);
        foreach (var some in now.Chunk(MaxFrame))
            Frame(frames, [.. some.Select(pair => (pair.Key, (CommittedOffset?)pair.Value))]);
        _file.Dispose();
        _files.Replace(_path, frames.Written.Span);
        _file = _files.Open(_path);
        _size = frames.Length;
    }

    private long Replay()
    {
        var (offsets, end) = Read(_file, _file.Length);
        foreach (var (key, offset) in offsets)
            _offsets[key] = offset;
        return end;
    }

    private void Apply(IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> offsets)
    {
        foreach (var (key, offset) in offsets)
        {
            if (offset is null)
                _offsets.TryRemove(key, out _);
            else
                _offsets[key] = offset;
        }
    }

    private static void Frame(WireWriter to, IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> offsets)
    {
        using var content = new WireWriter(1_024);
        content.Array(offsets, pair =>
        {
            content.String(pair.Key.Group);
            content.String(pair.Key.Topic);
            content.Int32(pair.Key.Partition);
            content.Boolean(pair.Offset is not null);
            content.Int64(pair.Offset?.Offset ?? 0);
            content.Int32(pair.Offset?.LeaderEpoch ?? 0);
            content.String(pair.Offset?.Metadata);
        });
        to.Int32(content.Length);
        to.Int32((int)Crc32C.Of(content.Written.Span));
        content.Written.Span.CopyTo(to.Room(content.Length));
        to.Advance(content.Length);
    }

    /// <summary>All offsets of the sound frames from the start of a file, and where those end.</summary>
    private static (Dictionary<OffsetKey, CommittedOffset> Offsets, long End) Read(ILogFile file, long length)
    {
        var bytes = new byte[length];
        file.Read(bytes, 0);
        var offsets = new Dictionary<OffsetKey, CommittedOffset>();
        var at = 0;
        while (bytes.Length - at >= FrameHead)
        {
            var size = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            if (size <= 0 || size > bytes.Length - at - FrameHead)
                break;
            var content = bytes.AsMemory(at + FrameHead, size);
            if (BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 4)) != Crc32C.Of(content.Span))
                break;
            new WireReader(content).Array(r =>
            {
                var key = new OffsetKey(r.String(), r.String(), r.Int32());
                var isSet = r.Boolean();
                var offset = new CommittedOffset(r.Int64(), r.Int32(), r.NullableString());
                if (isSet)
                    offsets[key] = offset;
                else
                    offsets.Remove(key);
                return key;
            });
            at += FrameHead + size;
        }

        return (offsets, at);
    }

    private sealed record Change(IReadOnlyList<(OffsetKey Key, CommittedOffset? Offset)> Offsets, TaskCompletionSource<ErrorCode> Done);
}
