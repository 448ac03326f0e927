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
        var news = new News();
        void OnChange(SiteChange change)
        {
            if (change.Site == options.Value.Site) news.AddChanged(change.Experiments);
        }

        holder.Changed += OnChange;
        try
        {
            // Whoever reads the flags after this misses no change.
            await write("provider_ready", null);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
            await using var timer = new Timer(_ => news.AddSignOfLife(), null, KeepAlive, KeepAlive);
            while (await news.CameAsync(ending.Token))
            {
                var (changed, isSignDue) = news.Take();
                if (changed.Count > 0) await write("configuration_change", Data(changed));
                if (isSignDue) await write("keep_alive", null);
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

    /// <summary>What a client is still to be told: never more than every flag once, however slowly it reads.</summary>
    private sealed class News
    {
        private readonly Lock _lock = new();
        private readonly Channel<bool> _came = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        private HashSet<string> _changed = new(StringComparer.Ordinal);
        private bool _isSignDue;

        public void AddChanged(IEnumerable<string> flags)
        {
            lock (_lock) _changed.UnionWith(flags);
            _came.Writer.TryWrite(true);
        }

        public void AddSignOfLife()
        {
            lock (_lock) _isSignDue = true;
            _came.Writer.TryWrite(true);
        }

        /// <summary>Waits for news; false at the end.</summary>
        public async Task<bool> CameAsync(CancellationToken ending)
        {
            try
            {
                return await _came.Reader.ReadAsync(ending);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        public (IReadOnlyCollection<string> Changed, bool IsSignDue) Take()
        {
            lock (_lock)
            {
                var taken = (_changed, _isSignDue);
                (_changed, _isSignDue) = (new HashSet<string>(StringComparer.Ordinal), false);
                return taken;
            }
        }
    }
}
