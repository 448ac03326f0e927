using System.Threading.Channels;
using CroPlatform.Files;

namespace CroPlatform.Services.Ingestion.Store;

/// <summary>The spool cannot take more; nothing of the call is kept.</summary>
internal sealed class SpoolFullException(string reason, Exception? inner = null) : Exception(reason, inner);

/// <summary>
/// Events on disk, in order, until the log has them. Writes of several callers share a sync; a caller is answered when its own events are on
/// the disk. Files are read from the oldest on and deleted when the reader says that the log has all of them: after a crash what was read but
/// not deleted is read again, which the events' ids make harmless.
/// </summary>
internal sealed class EventSpool : IAsyncDisposable
{
    private const int MostSharing = 1_024;

    private readonly SpoolOptions _options;
    private readonly IDurableFiles _files;
    private readonly Func<long> _freeBytes;
    private readonly Channel<Write> _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(MostSharing) { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly LinkedList<SpoolSegment> _segments = [];
    private readonly Task _writing;
    private long _number;
    private long _readTo;
    private long _peekedTo;

    /// <summary>Opens the folder and everything that waits in it; torn tails are cut.</summary>
    /// <param name="freeBytes">What the disk has left.</param>
    public EventSpool(SpoolOptions options, IDurableFiles files, Func<long> freeBytes)
    {
        (_options, _files, _freeBytes) = (options, files, freeBytes);
        files.CreateFolder(options.Folder);
        files.SyncDirectory(Path.GetDirectoryName(options.Folder)!);
        foreach (var name in files.Names(options.Folder).Where(n => n.EndsWith(".spool", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            _segments.AddLast(new SpoolSegment(files, Path.Combine(options.Folder, name)));
            _number = long.Parse(Path.GetFileNameWithoutExtension(name));
        }

        _writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Bytes that wait.</summary>
    public long WaitingBytes
    {
        get
        {
            lock (_gate) return _segments.Sum(s => s.Length) - _readTo;
        }
    }

    /// <summary>Keeps payloads and returns once the disk has them.</summary>
    /// <exception cref="SpoolFullException">There is no room, or the disk refuses.</exception>
    public async Task AppendAsync(IReadOnlyList<byte[]> payloads)
    {
        var write = new Write(payloads);
        await _writes.Writer.WriteAsync(write);
        await write.Done.Task;
    }

    /// <summary>The oldest payloads that are not deleted yet; none if nothing waits. For one reader.</summary>
    public IReadOnlyList<byte[]> Peek(int maxBytes, int maxPayloads)
    {
        lock (_gate)
        {
            DeleteRead();
            if (_segments.First?.Value is not { } oldest) return [];
            (var payloads, _peekedTo) = oldest.Read(_readTo, maxBytes, maxPayloads);
            return payloads;
        }
    }

    /// <summary>What was peeked last is in the log.</summary>
    public void Advance()
    {
        lock (_gate)
        {
            _readTo = _peekedTo;
            DeleteRead();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writing;
        foreach (var segment in _segments) segment.Dispose();
    }

    /// <summary>Deletes the oldest file once all of it was read; a file that is still written to is ended by that.</summary>
    private void DeleteRead()
    {
        while (_segments.First?.Value is { } oldest && _readTo >= oldest.Length)
        {
            _segments.RemoveFirst();
            oldest.Dispose();
            _files.Delete(oldest.Path);
            _files.SyncDirectory(_options.Folder);
            (_readTo, _peekedTo) = (0, 0);
        }
    }

    private async Task WriteAllAsync()
    {
        var shared = new List<Write>();
        while (await _writes.Reader.WaitToReadAsync())
        {
            var bytes = 0L;
            while (bytes < _options.SegmentBytes && shared.Count < MostSharing && _writes.Reader.TryRead(out var write))
            {
                shared.Add(write);
                bytes += write.Bytes;
            }

            var failure = TryWrite([.. shared.SelectMany(w => w.Payloads)], bytes);
            foreach (var write in shared)
            {
                if (failure is null) write.Done.SetResult();
                else write.Done.SetException(failure);
            }

            shared.Clear();
        }
    }

    private SpoolFullException? TryWrite(byte[][] payloads, long bytes)
    {
        try
        {
            lock (_gate)
            {
                if (_segments.Sum(s => s.Length) + bytes > _options.MaxBytes) return new SpoolFullException($"the spool holds {_options.MaxBytes} bytes at most");
                if (_freeBytes() - bytes < _options.ReserveBytes) return new SpoolFullException($"the spool's disk has less than {_options.ReserveBytes} bytes to spare");
                if (_segments.Last is null || _segments.Last.Value.Length >= _options.SegmentBytes) AddSegment();
                _segments.Last!.Value.Append(payloads);
                return null;
            }
        }
        catch (IOException e)
        {
            return new SpoolFullException($"the spool's disk refuses: {e.Message}", e);
        }
    }

    private void AddSegment()
    {
        var segment = new SpoolSegment(_files, Path.Combine(_options.Folder, $"{++_number:d19}.spool"));
        _files.SyncDirectory(_options.Folder);
        _segments.AddLast(segment);
    }

    private sealed record Write(IReadOnlyList<byte[]> Payloads)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Bytes { get; } = Payloads.Sum(p => (long)SpoolSegment.FrameBytes(p.Length));
    }
}
