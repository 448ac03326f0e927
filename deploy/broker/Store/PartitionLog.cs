namespace CroPlatform.Broker.Store;

/// <param name="LastOffset">What must be on disk before the acknowledgement; -1 on an error.</param>
internal readonly record struct AppendResult(ErrorCode Error, long BaseOffset, long LastOffset)
{
    public static AppendResult Refused(ErrorCode error) => new(error, -1, -1);
}

/// <summary>
/// One partition: segments of batches, of which only the last is appended to. Consumers see what is on disk (below the high watermark),
/// so that what they have read cannot be gone after a crash.
/// </summary>
internal sealed class PartitionLog : IDisposable
{
    private const long CheckpointBytes = 4 * 1024 * 1024;
    private const long ProducerIdleMs = 24 * 3_600_000;

    private readonly IDurableFiles _files;
    private readonly string _folder;
    private readonly LogLimits _limits;
    private readonly FlushQueue? _flushes;
    private readonly ProducerStates _producers;

    // _flushGate is taken before _gate. The first lets one thread at a time sync, checkpoint or delete; the second guards the fields.
    private readonly Lock _flushGate = new();
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _watchers = [];
    private readonly HashSet<Segment> _unsynced = [];
    private Segment[] _segments;
    private volatile LogView _view;
    private bool _namesUnsynced = true;
    private bool _flushScheduled;
    private bool _failed;
    private (long Segment, long Position) _checkpointed = (-1, 0);

    /// <summary>Opens a partition's folder, or makes its log if it is empty, and cuts off what a crash left unfinished.</summary>
    /// <param name="flushes">Syncs before anything is visible; null to sync in the background only.</param>
    public PartitionLog(IDurableFiles files, string folder, LogLimits limits, FlushQueue? flushes, long now)
    {
        (_files, _folder, _limits, _flushes) = (files, folder, limits, flushes);
        (_segments, _producers, RecoveryNote) = LogRecovery.Open(files, folder, now);
        _view = Now();
    }

    /// <summary>What the start had to cut off, for the log; null if nothing.</summary>
    public string? RecoveryNote { get; }

    /// <summary>The first offset that is neither in the log nor about to be lost.</summary>
    public long HighWatermark => _view.HighWatermark;

    public long StartOffset => _view.StartOffset;

    public long Bytes => _segments.Sum(segment => segment.Size);

    /// <summary>How much of it consumers see.</summary>
    public long SeenBytes => _view.Bytes;

    /// <summary>The disk failed, or the topic is deleted.</summary>
    public bool HasFailed => Volatile.Read(ref _failed);

    private Segment Active => _segments[^1];

    /// <summary>Writes a batch, unless its producer has sent it before.</summary>
    /// <param name="bytes">The batch; its offset is set in place.</param>
    public AppendResult Append(Memory<byte> bytes, RecordBatch batch, long now)
    {
        lock (_gate)
        {
            if (_failed)
                return AppendResult.Refused(ErrorCode.KafkaStorageError);
            var check = _producers.Check(batch);
            if (check.Error != ErrorCode.None)
                return AppendResult.Refused(check.Error);
            if (check.Duplicate is { } before)
                return new AppendResult(ErrorCode.None, before.BaseOffset, before.LastOffset);
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
                // Say a full disk. The next batch overwrites what was written of this one, or it is cut off.
                return AppendResult.Refused(ErrorCode.KafkaStorageError);
            }

            Active.Add(batch);
            _producers.Add(batch, now);
            _unsynced.Add(Active);
            if (_flushes is null)
                Publish(Now());
            else if (!_flushScheduled)
                _flushes.Add(this);
            _flushScheduled = true;
            return new AppendResult(ErrorCode.None, batch.BaseOffset, batch.LastOffset);
        }
    }

    /// <summary>Waits until a record is on disk. False if the disk failed: then nobody knows whether it is.</summary>
    public async Task<bool> FlushedAsync(long lastOffset)
    {
        while (true)
        {
            var change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (_failed || HighWatermark > lastOffset)
                    return HighWatermark > lastOffset;
                _watchers.Add(change);
            }

            await change.Task;
        }
    }

    /// <summary>Syncs what has been appended so far and acknowledges it: one sync for all that wait.</summary>
    public void Flush()
    {
        lock (_flushGate)
        {
            Segment[] dirty;
            bool names;
            LogView view;
            lock (_gate)
            {
                _flushScheduled = false;
                if (_failed || (_unsynced.Count == 0 && !_namesUnsynced))
                    return;
                (dirty, names, view) = ([.. _unsynced], _namesUnsynced, Now());
                _unsynced.Clear();
                (_namesUnsynced, _flushScheduled) = (false, true); // what comes meanwhile is scheduled at the end
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
                Publish(view);
                _flushScheduled = _unsynced.Count > 0 && _flushes is not null;
                if (_flushScheduled)
                    _flushes!.Add(this);
            }
        }
    }

    /// <inheritdoc cref="LogView.Read"/>
    public ReadResult Read(long offset, int maxBytes, bool atLeastOne, WireWriter to) =>
        Look(view => view.Read(offset, maxBytes, atLeastOne, to), ifDeleted: new ReadResult(ErrorCode.UnknownTopicOrPartition, -1, -1, 0));

    /// <inheritdoc cref="LogView.OffsetAt"/>
    public (long Offset, long Timestamp)? OffsetAt(long timestamp) => Look(view => view.OffsetAt(timestamp), ifDeleted: null);

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
            if (_failed)
                return;
            lock (_gate)
            {
                _producers.ForgetIdle(now - ProducerIdleMs);
                if (Active.Size > 0 && IsExpired(Active, now))
                    Roll();
            }

            if (_flushes is null)
                Flush();
            var old = Outlived(now);
            if (_checkpointed.Segment == Active.BaseOffset ? Active.Size - _checkpointed.Position >= CheckpointBytes : Bytes > 0)
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
            if (_checkpointed != (Active.BaseOffset, Active.Size))
                StoreCheckpoint();
            Close();
        }
    }

    /// <summary>Lets go of the files, for a topic that is deleted.</summary>
    public void Close()
    {
        lock (_flushGate)
        {
            lock (_gate)
                Fail();
            foreach (var segment in _segments)
                segment.Dispose();
        }
    }

    private T Look<T>(Func<LogView, T> look, T ifDeleted)
    {
        while (true)
        {
            var view = _view;
            try
            {
                return look(view);
            }
            catch (ObjectDisposedException)
            {
                // Retention deleted a segment under us, and there is a new view; or the topic is deleted.
                if (ReferenceEquals(view, _view))
                    return ifDeleted;
            }
        }
    }

    private LogView Now() => new(_segments, Active.Size, Active.NextOffset);

    private void Publish(LogView view)
    {
        if (view.HighWatermark < HighWatermark)
            return;
        _view = view;
        TellWatchers();
    }

    private void Fail()
    {
        _failed = true;
        TellWatchers();
    }

    private void TellWatchers()
    {
        foreach (var watcher in _watchers)
            watcher.TrySetResult();
        _watchers.Clear();
    }

    private void Roll()
    {
        if (Active.File.Length > Active.Size)
            Active.File.SetLength(Active.Size); // part of a batch that could not be written in full
        _segments = [.. _segments, new Segment(_files, _folder, Active.NextOffset)];
        _namesUnsynced = true;
    }

    private void StoreCheckpoint()
    {
        Checkpoint checkpoint;
        lock (_gate)
            checkpoint = new Checkpoint(Active.BaseOffset, Active.Size, Active.NextOffset, [.. _producers.All]);
        Flush();
        if (_failed)
            return;
        _files.ReplaceJson(Checkpoint.PathIn(_folder), checkpoint);
        _checkpointed = (checkpoint.Segment, checkpoint.Position);
    }

    private bool IsExpired(Segment segment, long now) =>
        _limits.RetentionMs is { } limit && segment.MaxTimestamp() is var last and >= 0 && last < now - limit;

    /// <summary>How many of the oldest segments may go. Never the last, whose name holds the next offset.</summary>
    private int Outlived(long now)
    {
        var (old, left) = (0, Bytes);
        while (old < _segments.Length - 1 && (IsExpired(_segments[old], now) || left - _segments[old].Size >= _limits.RetentionBytes))
            left -= _segments[old++].Size;
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
            _view = _view with { Segments = _view.Segments[count..] };
        }

        foreach (var segment in deleted)
        {
            segment.Delete();
            _files.SyncDirectory(_folder);
        }
    }
}
