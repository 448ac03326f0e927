using System.Buffers;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A unit's history as bytes: a version, then each fact with its times as differences from the one before.</summary>
internal static class UnitCodec
{
    private const byte Version = 2;

    [Flags]
    private enum Parts : byte
    {
        None = 0,
        Value = 1,
        Exposure = 2,
        Properties = 4,
        Held = 8,

        /// <summary>Of exposures, since version 2.</summary>
        Context = 16,
    }

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    public static byte[] Encode(UnitHistory history)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(4_096);
        buffer.ResetWrittenCount();
        var writer = new ByteWriter(buffer);
        writer.Byte(Version);
        writer.Byte(history.IsBot ? (byte)1 : (byte)0);
        writer.Number(history.Facts.Count);
        var time = 0L;
        foreach (var fact in history.AsSpan())
        {
            writer.Fixed(fact.Id.High);
            writer.Fixed(fact.Id.Low);
            writer.Number(fact.TimeMs - time);
            writer.Number(fact.ReceivedMs - fact.TimeMs);
            time = fact.TimeMs;
            writer.Byte((byte)PartsOf(fact));
            writer.Text(fact.Type);
            if (fact.ValueE4 is { } value) writer.Number(value);
            if (fact.Exposure is { } exposure)
            {
                writer.Text(exposure.Experiment);
                writer.Text(exposure.Variant);
                writer.Number(exposure.Version);
                if (exposure.Context is { } context) Write(writer, context);
            }

            if (!fact.Properties.IsEmpty) writer.Bytes(fact.Properties.Span);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <param name="lane">Where the unit's row stands: it tells whether the name holds the unit's type.</param>
    /// <exception cref="InvalidDataException">Written by a later version.</exception>
    public static UnitHistory Decode(string site, string name, int lane, byte[] state)
    {
        var reader = new ByteReader(state);
        var version = reader.Byte();
        if (version is 0 or > Version) throw new InvalidDataException($"unit state of version {version}, where {Version} is known");
        var isBot = reader.Byte() != 0;
        var facts = new List<Fact>(reader.Number());
        var time = 0L;
        for (var i = facts.Capacity; i > 0; i--)
        {
            var id = new FactId(reader.Fixed(), reader.Fixed());
            time += reader.Long();
            var received = time + reader.Long();
            var parts = (Parts)reader.Byte();
            var type = reader.Text();
            long? value = parts.HasFlag(Parts.Value) ? reader.Long() : null;
            var exposure = parts.HasFlag(Parts.Exposure)
                ? new Exposure(reader.Text(), reader.Text(), reader.Number(), parts.HasFlag(Parts.Context) ? ReadContext(ref reader) : null)
                : null;
            byte[] properties = parts.HasFlag(Parts.Properties) ? reader.Bytes().ToArray() : [];
            facts.Add(new Fact(id, time, received, type, value, exposure, properties) { Held = parts.HasFlag(Parts.Held) });
        }

        return New(site, name, lane, facts, isBot);
    }

    /// <summary>A history under the name that its row has.</summary>
    public static UnitHistory New(string site, string name, int lane, IEnumerable<Fact>? facts = null, bool isBot = false)
    {
        if (!Lane.IsFacts(lane)) return new UnitHistory(site, name, facts, isBot);
        var type = name[..name.IndexOf('|', StringComparison.Ordinal)];
        return new UnitHistory(site, name[(type.Length + 1)..], facts, isBot, type);
    }

    private static Parts PartsOf(Fact fact) =>
        (fact.ValueE4 is null ? Parts.None : Parts.Value)
        | (fact.Exposure is null ? Parts.None : Parts.Exposure)
        | (fact.Properties.IsEmpty ? Parts.None : Parts.Properties)
        | (fact.Held ? Parts.Held : Parts.None)
        | (fact.Exposure?.Context is null ? Parts.None : Parts.Context);

    private static void Write(ByteWriter writer, ExposureContext context)
    {
        writer.Text(context.Device);
        writer.Text(context.Country);
        writer.Text(context.City);
        writer.Text(context.Browser);
        writer.Text(context.Source);
        writer.Text(context.Persona);
    }

    private static ExposureContext ReadContext(ref ByteReader reader) =>
        new(reader.Text(), reader.Text(), reader.Text(), reader.Text(), reader.Text(), reader.Text());
}
