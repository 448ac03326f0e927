using System.Threading.Channels;
using CroPlatform.Services.Assignment.Decide;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Assignment.Serve.Flagd;

/// <summary>What happens to the site's flags, told to a client until it leaves or the service stops.</summary>
internal sealed class FlagdEvents(SnapshotHolder holder, IOptions<FlagdOptions> options, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    /// <param name="write">Sends one event, its type and its data, to the client.</param>
    /// <param name="ct">Cancelled when the client has gone.</param>
    public async Task FollowAsync(Func<string, Struct?, Task> write, CancellationToken ct)
    {
        var changed = new ChangedFlags();
        void OnChange(SiteChange change)
        {
            if (change.Site == options.Value.Site) changed.Add(change.Experiments);
        }

        holder.Changed += OnChange;
        try
        {
            // Whoever reads the flags after this misses no change.
            await write("provider_ready", null);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
            while (!ending.IsCancellationRequested)
            {
                if (await changed.TakeAsync(KeepAlive, ending.Token) is { } keys) await write("configuration_change", Data(keys));
                else if (!ending.IsCancellationRequested) await write("keep_alive", null);
            }
        }
        finally
        {
            holder.Changed -= OnChange;
        }
    }

    private static Struct Data(IEnumerable<string> keys)
    {
        var flags = new Struct();
        foreach (var key in keys) flags.Fields[key] = Value.ForStruct(new Struct { Fields = { ["type"] = Value.ForString("update") } });
        return new Struct { Fields = { ["flags"] = Value.ForStruct(flags) } };
    }

    /// <summary>The flags that have changed since they were last taken: never more than there are, however slowly the client reads.</summary>
    private sealed class ChangedFlags
    {
        private readonly Lock _lock = new();
        private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        private HashSet<string> _keys = new(StringComparer.Ordinal);

        public void Add(IEnumerable<string> keys)
        {
            lock (_lock) _keys.UnionWith(keys);
            _signal.Writer.TryWrite(true);
        }

        /// <summary>Waits for changes; null if none came in time, or at the end.</summary>
        public async Task<IReadOnlyCollection<string>?> TakeAsync(TimeSpan limit, CancellationToken ct)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
            silence.CancelAfter(limit);
            try
            {
                await _signal.Reader.ReadAsync(silence.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            lock (_lock)
            {
                var taken = _keys;
                _keys = new HashSet<string>(StringComparer.Ordinal);
                return taken;
            }
        }
    }
}
