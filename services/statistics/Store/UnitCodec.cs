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

    public static byte[] Encode(UnitHistory history)
    {
        using var buffer = new MemoryStream(64 * history.Facts.Count + 8);
        using var writer = new BinaryWriter(buffer);
        writer.Write(Version);
        writer.Write(history.IsBot);
        writer.Write7BitEncodedInt(history.Facts.Count);
        var time = 0L;
        foreach (var fact in history.Facts)
        {
            writer.Write(fact.Id.High);
            writer.Write(fact.Id.Low);
            writer.Write7BitEncodedInt64(fact.TimeMs - time);
            writer.Write7BitEncodedInt64(fact.ReceivedMs - fact.TimeMs);
            time = fact.TimeMs;
            writer.Write((byte)PartsOf(fact));
            writer.Write(fact.Type);
            if (fact.ValueE4 is { } value) writer.Write7BitEncodedInt64(value);
            if (fact.Exposure is { } exposure)
            {
                writer.Write(exposure.Experiment);
                writer.Write(exposure.Variant);
                writer.Write7BitEncodedInt(exposure.Version);
                if (exposure.Context is { } context) Write(writer, context);
            }

            if (fact.Properties.IsEmpty) continue;
            writer.Write7BitEncodedInt(fact.Properties.Length);
            writer.Write(fact.Properties.Span);
        }

        writer.Flush();
        return buffer.ToArray();
    }

    /// <param name="lane">Where the unit's row stands: it tells whether the name holds the unit's type.</param>
    /// <exception cref="InvalidDataException">Written by a later version.</exception>
    public static UnitHistory Decode(string site, string name, int lane, byte[] state)
    {
        using var reader = new BinaryReader(new MemoryStream(state, writable: false));
        var version = reader.ReadByte();
        if (version is 0 or > Version) throw new InvalidDataException($"unit state of version {version}, where {Version} is known");
        var isBot = reader.ReadBoolean();
        var facts = new List<Fact>(reader.Read7BitEncodedInt());
        var time = 0L;
        for (var i = facts.Capacity; i > 0; i--)
        {
            var id = new FactId(reader.ReadUInt64(), reader.ReadUInt64());
            time += reader.Read7BitEncodedInt64();
            var received = time + reader.Read7BitEncodedInt64();
            var parts = (Parts)reader.ReadByte();
            var type = reader.ReadString();
            long? value = parts.HasFlag(Parts.Value) ? reader.Read7BitEncodedInt64() : null;
            var exposure = parts.HasFlag(Parts.Exposure)
                ? new Exposure(reader.ReadString(), reader.ReadString(), reader.Read7BitEncodedInt(), parts.HasFlag(Parts.Context) ? ReadContext(reader) : null)
                : null;
            var properties = parts.HasFlag(Parts.Properties) ? reader.ReadBytes(reader.Read7BitEncodedInt()) : [];
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

    private static void Write(BinaryWriter writer, ExposureContext context)
    {
        writer.Write(context.Device);
        writer.Write(context.Country);
        writer.Write(context.City);
        writer.Write(context.Browser);
        writer.Write(context.Source);
        writer.Write(context.Persona);
    }

    private static ExposureContext ReadContext(BinaryReader reader) =>
        new(reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString());
}
