using CroPlatform.Contracts.Events;
using Google.Protobuf;

namespace CroPlatform.Services.Ingestion.Store;

/// <summary>What a frame of the spool holds: one byte that tells the kind, then the message as the log would have it.</summary>
internal static class SpoolRecord
{
    private const byte AcceptedKind = 1;
    private const byte RejectedKind = 2;

    public static byte[] Of(Event accepted) => Frame(AcceptedKind, accepted);

    public static byte[] Of(RejectedEvent rejected) => Frame(RejectedKind, rejected);

    /// <exception cref="InvalidDataException">Written by a later version.</exception>
    public static void Read(byte[] payload, List<Event> accepted, List<RejectedEvent> rejected)
    {
        switch (payload[0])
        {
            case AcceptedKind: accepted.Add(Event.Parser.ParseFrom(payload, 1, payload.Length - 1)); break;
            case RejectedKind: rejected.Add(RejectedEvent.Parser.ParseFrom(payload, 1, payload.Length - 1)); break;
            default: throw new InvalidDataException($"the spool holds a record of kind {payload[0]}, which this version does not know");
        }
    }

    private static byte[] Frame(byte kind, IMessage message)
    {
        var frame = new byte[1 + message.CalculateSize()];
        frame[0] = kind;
        message.WriteTo(frame.AsSpan(1));
        return frame;
    }
}
