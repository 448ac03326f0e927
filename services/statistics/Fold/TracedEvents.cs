using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Headers = CroPlatform.Contracts.Headers;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>Carries the traces of events on, from the record in the log to the transaction that stores what they changed.</summary>
internal sealed class TracedEvents
{
    public static readonly ActivitySource Source = new("CroPlatform.Statistics");

    /// <summary>A checkpoint continues this many traces; more would be noise.</summary>
    private const int Most = 32;

    private readonly HashSet<string> _parents = [];

    public void Note(ConsumeResult<byte[], byte[]> record)
    {
        if (_parents.Count >= Most || !Source.HasListeners() || record.Message.Headers is not { } headers) return;
        if (headers.TryGetLastBytes(Headers.TraceParent, out var parent)) _parents.Add(Encoding.ASCII.GetString(parent));
    }

    /// <summary>Spans, one a trace, that last as long as the checkpoint does.</summary>
    public IDisposable Storing()
    {
        var spans = new List<Activity>();
        foreach (var parent in _parents)
        {
            if (!ActivityContext.TryParse(parent, null, isRemote: true, out var context)) continue;
            if (Source.StartActivity("store aggregates", ActivityKind.Consumer, context) is { } span) spans.Add(span);
        }

        _parents.Clear();
        Activity.Current = null;
        return new Spans(spans);
    }

    private sealed class Spans(List<Activity> spans) : IDisposable
    {
        public void Dispose() => spans.ForEach(s => s.Dispose());
    }
}
