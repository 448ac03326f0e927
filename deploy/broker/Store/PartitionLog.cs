namespace CroPlatform.Broker.Store;

/// <param name="SegmentBytes">A segment ends before it would grow over this.</param>
/// <param name="RetentionMs">Segments whose last record is older go; null keeps them.</param>
/// <param name="RetentionBytes">The oldest segments go while the rest is at least this much; null keeps them.</param>
internal sealed record LogLimits(long SegmentBytes, long? RetentionMs, long? RetentionBytes);

/// <param name="LastOffset">What must be on disk before the acknowledgement; -1 on an error.</param>
internal readonly record struct AppendResult(ErrorCode Error, long BaseOffset, long LastOffset);

/// <param name="Bytes">How much was written to the response.</param>
internal readonly record struct ReadResult(ErrorCode Error, long HighWatermark, long StartOffset, int Bytes);

/// <summary>
/// One partition: segments of batches, of which only the last is appended to. Consumers see what is on disk (below the high watermark),
/// so that what they have read cannot be gone after a crash.
/// </summary>
internal sealed class PartitionLog : IDisposable
{
    private const long CheckpointBytes = 4 * 1024 * 1024;
    private const long ProducerIdleMs = 24 * 3_600_000;

    private readonly ILogFiles _files;
    private readonly string _folder;
    private readonly LogLimits _limits;
    private readonly FlushQueue? _flushes;
    private readonly ProducerStates _producers;

    // _flushGate is taken before _gate. The first lets one thread at a time sync, checkpoint or delete; the second guards the fields.
    private readonly Lock _flushGate = new();
    private readonly Lock _gate = new();
    private readonly Queue<(long LastOffset, TaskCompletionSource<bool> Done)> _waiting = [];
    private readonly List<TaskCompletionSource> _watchers = [];
    private readonly List<Segment> _unsynced = [];
    private Segment[] _segments;
    private (Segment Segment, long Position) _visible;
    private bool _namesUnsynced = true;
    private bool _flushScheduled;
    private bool _failed;
    private (long Segment, long Position) _checkpointed = (-1, 0);

    /// <summary>Opens a partition's folder, or makes its log if it is empty, and cuts off what a crash left unfinished.</summary>
    /// <param name="flushes">Syncs before anything is visible; null to sync in the background only.</param>
    public PartitionLog(ILogFiles files, string folder, LogLimits limits, FlushQueue? flushes, long now)
    {
        (_files, _folder, _limits, _flushes) = (files, folder, limits, flushes);
        var recovered = LogRecovery.Open(files, folder, now);
        (_segments, _producers, RecoveryNote) = (recovered.Segments, recovered.Producers, recovered.Note);
        _visible = (Active, Active.Size);
        HighWatermark = Active.NextOffset;
    }

    /// <summary>What the start had to cut off, for the log; null if nothing.</summary>
    public string? RecoveryNote { get; }

    /// <summary>The first offset that is neither in the log nor about to be lost.</summary>
    public long HighWatermark { get; private set; }

    public long StartOffset => _segments[0].BaseOffset;

    public long Bytes => _segments.Sum(segment => segment.Size);

    private Segment Active => _segments[^1];

    /// <summary>Writes a batch, unless its producer has sent it before.</summary>
    /// <param name="bytes">The batch; its offset is set in place.</param>
    public AppendResult Append(Memory<byte> bytes, RecordBatch batch, long now)
    {
        lock (_gate)
        {
            if (_failed)
                return Failed(ErrorCode.KafkaStorageError);
            var check = _producers.Check(batch);
            if (check.Error != ErrorCode.None)
                return Failed(check.Error);
            if (check.Duplicate is { } before)
                return new AppendResult(ErrorCode.None, before.Base, before.Last);
            try
            {
                if (Active.Size > 0 && Active.Size + batch.Size > _limits.SegmentBytes)
                    Roll();
                batch = batch with { BaseOffset = Active.NextOffset };
                RecordBatch.Place(bytes.Span, batch.BaseOffset);
                Active.File.Write(bytes.Span, Active.Size);
            }
            catch (IOException)
            {
                // Say a full disk. The next batch overwrites what was written of this one; cutting it is for tidiness.
                TryCut(Active);
                return Failed(ErrorCode.KafkaStorageError);
            }

            Active.Add(batch);
            _producers.Add(batch, now);
            if (_unsynced.Count == 0 || _unsynced[^1] != Active)
                _unsynced.Add(Active);
            if (_flushes is null)
                Publish(Active.NextOffset, (Active, Active.Size));
            else if (!_flushScheduled)
                _flushes.Add(this);
            _flushScheduled = true;
            return new AppendResult(ErrorCode.None, batch.BaseOffset, batch.LastOffset);
        }

        static AppendResult Failed(ErrorCode error) => new(error, -1, -1);
    }

    /// <summary>Waits until a record is on disk. False if the disk failed: then nobody knows whether it is.</summary>
    public Task<bool> FlushedAsync(long lastOffset)
    {
        lock (_gate)
        {
            if (HighWatermark > lastOffset)
                return Task.FromResult(true);
            if (_failed)
                return Task.FromResult(false);
            var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((lastOffset, done));
            return done.Task;
        }
    }

    /// <summary>Syncs what has been appended so far and acknowledges it: one sync for all that wait.</summary>
    public void Flush()
    {
        lock (_flushGate)
            FlushHeld();
    }

    /// <summary>Appends whole batches from the one that holds an offset on to a response.</summary>
    /// <param name="atLeastOne">The first batch comes even if it is larger than maxBytes.</param>
    public ReadResult Read(long offset, int maxBytes, bool atLeastOne, WireWriter to)
    {
        var (segments, visible, high) = Snapshot();
        var start = segments[0].BaseOffset;
        if (offset < start || offset > high)
            return new ReadResult(ErrorCode.OffsetOutOfRange, high, start, 0);
        if (offset == high)
            return new ReadResult(ErrorCode.None, high, start, 0);
        try
        {
            var segment = segments[IndexOf(segments, offset)];
            var limit = segment == visible.Segment ? visible.Position : segment.Size;
            var position = segment.Floor(offset)?.Position ?? 0;
            RecordBatch batch;
            do
            {
                if (!segment.TryReadHead(position, out batch))
                    return new ReadResult(ErrorCode.KafkaStorageError, high, start, 0); // changed by other hands
                position += batch.Size;
            }
            while (batch.LastOffset < offset);

            position -= batch.Size;
            var wanted = atLeastOne ? Math.Max(maxBytes, batch.Size) : maxBytes;
            if (wanted < batch.Size)
                return new ReadResult(ErrorCode.None, high, start, 0);
            var room = to.Room((int)Math.Min(wanted, limit - position));
            var bytes = WholeBatches(room[..segment.File.Read(room, position)]);
            to.Advance(bytes);
            return new ReadResult(ErrorCode.None, high, start, bytes);
        }
        catch (ObjectDisposedException)
        {
            // Retention deleted the segment under us.
            return new ReadResult(ErrorCode.OffsetOutOfRange, high, StartOffset, 0);
        }
    }

    /// <summary>The first record that is not older than a time.</summary>
    /// <param name="timestamp">In ms since 1970.</param>
    /// <returns>Null if all are older.</returns>
    public (long Offset, long Timestamp)? OffsetAt(long timestamp)
    {
        var (segments, visible, high) = Snapshot();
        try
        {
            foreach (var segment in segments)
            {
                if (segment.MaxTimestamp < timestamp || segment.FloorByTime(timestamp) is not { } from)
                    continue;
                var limit = segment == visible.Segment ? visible.Position : segment.Size;
                for (var position = from.Position; position < limit && segment.TryReadHead(position, out var batch) && batch.BaseOffset < high; position += batch.Size)
                {
                    if (batch.MaxTimestamp < timestamp)
                        continue;
                    var bytes = new byte[batch.Size];
                    segment.File.Read(bytes, position);
                    return RecordTimes.First(batch, bytes, timestamp);
                }
            }
        }
        catch (ObjectDisposedException)
        {
            return OffsetAt(timestamp);
        }

        return null;
    }

    /// <summary>Is told once when more can be read, or the log is gone.</summary>
    public void Watch(TaskCompletionSource watcher)
    {
        lock (_gate)
            _watchers.Add(watcher);
    }

    public void Unwatch(TaskCompletionSource watcher)
    {
        lock (_gate)
            _watchers.Remove(watcher);
    }

    /// <summary>What has to be done now and then: retention, a checkpoint after enough was appended, and the sync where none waits for it.</summary>
    /// <param name="now">In ms since 1970.</param>
    public void Maintain(long now)
    {
        lock (_flushGate)
        {
            if (_flushes is null)
                FlushHeld();
            lock (_gate)
            {
                _producers.ForgetIdle(now - ProducerIdleMs);
                if (Active.Size > 0 && IsExpired(Active, now))
                    Roll();
            }

            var old = Outlived(now);
            if (_checkpointed.Segment != Active.BaseOffset ? old > 0 || Bytes > 0 : Active.Size - _checkpointed.Position >= CheckpointBytes)
                StoreCheckpoint();
            if (old > 0 && !_failed)
                DeleteOldest(old);
        }
    }

    /// <summary>A clean end: everything synced, and a checkpoint at the end.</summary>
    public void Dispose()
    {
        lock (_flushGate)
        {
            FlushHeld();
            if (!_failed && _checkpointed != (Active.BaseOffset, Active.Size))
                StoreCheckpoint();
            Close();
        }
    }

    /// <summary>Lets go of the files, for a topic that is deleted.</summary>
    public void Close()
    {
        lock (_gate)
        {
            Fail();
            foreach (var segment in _segments)
                segment.Dispose();
        }
    }

    private void FlushHeld()
    {
        Segment[] dirty;
        bool names;
        (Segment, long) visible;
        long end;
        lock (_gate)
        {
            if (_failed || (_unsynced.Count == 0 && !_namesUnsynced))
            {
                _flushScheduled = false;
                return;
            }

            (dirty, names) = ([.. _unsynced], _namesUnsynced);
            (visible, end) = ((Active, Active.Size), Active.NextOffset);
            _unsynced.Clear();
            _namesUnsynced = false;
        }

        try
        {
            foreach (var segment in dirty)
                segment.File.Sync();
            if (names)
                _files.SyncDirectory(_folder);
        }
        catch (IOException)
        {
            // After a failed sync the system may have dropped what was to be written: only a start, which reads the disk, knows more.
            lock (_gate)
                Fail();
            return;
        }

        lock (_gate)
        {
            Publish(end, visible);
            _flushScheduled = _unsynced.Count > 0 && _flushes is not null;
            if (_flushScheduled)
                _flushes!.Add(this);
        }
    }

    private void Publish(long end, (Segment Segment, long Position) visible)
    {
        if (end <= HighWatermark)
            return;
        (HighWatermark, _visible) = (end, visible);
        while (_waiting.TryPeek(out var first) && first.LastOffset < end)
            _waiting.Dequeue().Done.TrySetResult(true);
        foreach (var watcher in _watchers)
            watcher.TrySetResult();
        _watchers.Clear();
    }

    private void Fail()
    {
        _failed = true;
        while (_waiting.TryDequeue(out var waiting))
            waiting.Done.TrySetResult(false);
        foreach (var watcher in _watchers)
            watcher.TrySetResult();
        _watchers.Clear();
    }

    private void Roll()
    {
        _segments = [.. _segments, new Segment(_files, _folder, Active.NextOffset)];
        _namesUnsynced = true;
    }

    private void StoreCheckpoint()
    {
        byte[] content;
        Segment active;
        long size;
        lock (_gate)
        {
            if (_failed)
                return;
            (active, size) = (Active, Active.Size);
            content = new Checkpoint(active.BaseOffset, size, active.NextOffset, _producers).ToBytes();
        }

        FlushHeld();
        if (_failed)
            return;
        Checkpoint.Store(_files, _folder, content);
        _checkpointed = (active.BaseOffset, size);
    }

    private bool IsExpired(Segment segment, long now) =>
        _limits.RetentionMs is { } limit && segment.MaxTimestamp >= 0 && segment.MaxTimestamp < now - limit;

    /// <summary>How many of the oldest segments may go. Never the last, whose name holds the next offset.</summary>
    private int Outlived(long now)
    {
        var (old, left) = (0, Bytes);
        while (old < _segments.Length - 1
            && (IsExpired(_segments[old], now) || (_limits.RetentionBytes is { } limit && left - _segments[old].Size >= limit)))
        {
            left -= _segments[old++].Size;
        }

        return old;
    }

    // The oldest first, each for good before the next: so a crash leaves no gap.
    private void DeleteOldest(int count)
    {
        Segment[] deleted;
        lock (_gate)
        {
            deleted = _segments[..count];
            _segments = _segments[count..];
        }

        foreach (var segment in deleted)
        {
            segment.Delete();
            _files.SyncDirectory(_folder);
        }
    }

    private (Segment[] Segments, (Segment Segment, long Position) Visible, long High) Snapshot()
    {
        lock (_gate)
            return (_segments, _visible, HighWatermark);
    }

    private static int IndexOf(Segment[] segments, long offset)
    {
        var index = segments.Length - 1;
        while (segments[index].BaseOffset > offset)
            index--;
        return index;
    }

    private static int WholeBatches(ReadOnlySpan<byte> bytes)
    {
        var whole = 0;
        while (bytes.Length - whole >= RecordBatch.HeaderSize && RecordBatch.Parse(bytes[whole..]) is { IsPlausible: true, Size: var size } && size <= bytes.Length - whole)
            whole += size;
        return whole;
    }

    private static void TryCut(Segment segment)
    {
        try
        {
            segment.File.SetLength(segment.Size);
        }
        catch (IOException)
        {
            // The start cuts it.
        }
    }
}
