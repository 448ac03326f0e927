using CroPlatform.Experimentation;
using Google.Protobuf;
using Wire = CroPlatform.Contracts.Experiments;

namespace CroPlatform.Contracts;

/// <summary>What a unit is given, between the model and the records.</summary>
internal static class VariantMapping
{
    public static Variant ToModel(this Wire.Variant wire) => new(wire.Key, wire.Name, wire.ConfigJson.Memory)
    {
        PageChanges = wire.PageChanges is { } changes
            ? new PageChanges(
                [.. changes.Changes.Select(c => new PageChange(c.Selector, (PageAction)c.Action, c.Attribute, c.Value, c.Url))], changes.Css, changes.Redirect)
            : null,
        Levels = [.. wire.Levels],
    };

    public static Wire.Variant ToWire(this Variant model)
    {
        var wire = new Wire.Variant { Key = model.Key, Name = model.Name, ConfigJson = Bytes(model.ConfigJson), Levels = { model.Levels } };
        if (model.PageChanges is not { } changes) return wire;
        wire.PageChanges = new Wire.PageChanges { Css = changes.Css, Redirect = changes.Redirect };
        wire.PageChanges.Changes.AddRange(changes.Changes.Select(c => new Wire.PageChange
        {
            Selector = c.Selector,
            Action = (Wire.PageChange.Types.Action)c.Action,
            Attribute = c.Attribute,
            Value = c.Value,
            Url = c.Url,
        }));
        return wire;
    }

    public static Factor ToModel(this Wire.Factor wire) => new(wire.Key, [.. wire.Levels.Select(l => new FactorLevel(l.Key, l.ConfigJson.Memory))]);

    public static Wire.Factor ToWire(this Factor model) => new()
    {
        Key = model.Key,
        Levels = { model.Levels.Select(l => new Wire.FactorLevel { Key = l.Key, ConfigJson = Bytes(l.ConfigJson) }) },
    };

    private static ByteString Bytes(ReadOnlyMemory<byte> json) => ByteString.CopyFrom(json.Span);
}
