using System.Text;
using CroPlatform.Bench.Load;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using Google.Protobuf;

namespace CroPlatform.Bench.Ingest;

/// <summary>A page view as a tracker sends it, about 450 bytes of JSON, and the record that it becomes.</summary>
internal static class EventBodies
{
    private const string Properties = """{"section":"shoes","position":3,"logged_in":false}""";
    private const string Page = """{"url":"https://shop.example/shoes/trail-runner?ref=home","path":"/shoes/trail-runner","title":"Trail runner","referrer":"https://shop.example/"}""";
    private const string Context = """{"device_type":"mobile","browser":"Chrome","os":"Android","locale":"en-GB","timezone":"Europe/London"}""";

    /// <param name="run">Comes before each id, so that no two stages share one.</param>
    public static string Request(string run, int events, DateTimeOffset now)
    {
        var one = $$"""{"id":"{{run}}-{{Template.Id}}","type":"page_view","visitor_id":"v-{{Template.Visitor}}","session_id":"s-1","timestamp":"{{now.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}}","properties":{{Properties}},"page":{{Page}},"context":{{Context}}}""";
        return events == 1 ? one : $$"""{"sent_at":"{{now.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}}","events":[{{string.Join(',', Enumerable.Repeat(one, events))}}]}""";
    }

    public static byte[] RecordKey() => Encoding.ASCII.GetBytes(Topics.UnitKey("default", $"v-{Template.Visitor}"));

    /// <summary>Of the size that the gateway's record has.</summary>
    public static byte[] Record(string run, DateTimeOffset now) => new Event
    {
        Site = "default",
        Id = $"{run}-{Template.Id}",
        Type = "page_view",
        VisitorId = $"v-{Template.Visitor}",
        SessionId = "s-1",
        TimestampMs = now.ToUnixTimeMilliseconds(),
        ClientTimestampMs = now.ToUnixTimeMilliseconds(),
        ReceivedMs = now.ToUnixTimeMilliseconds(),
        PropertiesJson = ByteString.CopyFromUtf8(Properties),
        PageJson = ByteString.CopyFromUtf8(Page),
        ContextJson = ByteString.CopyFromUtf8(Context),
        Schema = 1,
    }.ToByteArray();
}
