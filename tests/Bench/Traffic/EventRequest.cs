using System.Globalization;
using System.Text;
using CroPlatform.Bench.Load;

namespace CroPlatform.Bench.Traffic;

/// <summary>A request with events, written one after the other.</summary>
internal sealed class EventRequest(string key)
{
    private readonly StringBuilder _events = new();

    public int Count { get; private set; }

    public void Exposure(string id, string visitor, DateTimeOffset time, string experiment, string variant, string? context = null)
    {
        Begin(id, "exposure", visitor, time);
        _events.Append(CultureInfo.InvariantCulture, $"\"experiment\":\"{experiment}\",\"variant\":\"{variant}\"");
        if (context is not null) _events.Append(",\"context\":").Append(context);
        _events.Append('}');
    }

    /// <param name="properties">As JSON.</param>
    public void Outcome(string id, string type, string visitor, DateTimeOffset time, double value, string? properties = null)
    {
        Begin(id, type, visitor, time);
        _events.Append(CultureInfo.InvariantCulture, $"\"value\":{value:0.##}");
        if (properties is not null) _events.Append(",\"properties\":").Append(properties);
        _events.Append('}');
    }

    /// <summary>The bytes of the request; the next event begins another.</summary>
    public byte[] Take()
    {
        var bytes = HttpLoad.Post("/v1/events", key, $"{{\"events\":[{_events}]}}");
        _events.Clear();
        Count = 0;
        return bytes;
    }

    private void Begin(string id, string type, string visitor, DateTimeOffset time)
    {
        if (Count++ > 0) _events.Append(',');
        _events.Append(CultureInfo.InvariantCulture, $"{{\"id\":\"{id}\",\"type\":\"{type}\",\"visitor_id\":\"{visitor}\",\"timestamp\":\"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}\",");
    }
}
