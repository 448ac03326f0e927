using CroPlatform.Experimentation.Configuration;
using Google.Protobuf;
using Wire = CroPlatform.Contracts.Experiments;

namespace CroPlatform.Contracts;

/// <summary>Sites and who may call, between the model and the records of cro.experiments.v1.</summary>
public static class AccessMapping
{
    public static Site ToModel(this Wire.Site wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return new Site(wire.Key, wire.TimeZone, [.. wire.ApiKeys.Select(ToModel)]);
    }

    public static Wire.Site ToWire(this Site model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var wire = new Wire.Site { Key = model.Key, TimeZone = model.TimeZone };
        wire.ApiKeys.AddRange(model.ApiKeys.Select(ToWire));
        return wire;
    }

    /// <exception cref="ArgumentException">A coordinate does not have 32 bytes.</exception>
    public static SigningKey ToModel(this Wire.SigningKey wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        if (wire.X.Length != 32 || wire.Y.Length != 32) throw new ArgumentException("a coordinate on P-256 has 32 bytes", nameof(wire));
        return new SigningKey(wire.Id, wire.X.Memory, wire.Y.Memory, wire.ExpiresMs);
    }

    public static Wire.SigningKey ToWire(this SigningKey model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new Wire.SigningKey
        {
            Id = model.Id,
            X = ByteString.CopyFrom(model.X.Span),
            Y = ByteString.CopyFrom(model.Y.Span),
            ExpiresMs = model.ExpiresMs,
        };
    }

    private static ApiKey ToModel(Wire.ApiKey wire) =>
        new(KeyHash.From(wire.Sha256.Span), (KeyRole)wire.Role, wire.Id, wire.ExpiresMs) { Origins = [.. wire.Origins] };

    private static Wire.ApiKey ToWire(ApiKey model)
    {
        var wire = new Wire.ApiKey
        {
            Sha256 = UnsafeByteOperations.UnsafeWrap(model.Hash.ToBytes()),
            Role = (Wire.ApiKey.Types.Role)model.Role,
            Id = model.Id,
            ExpiresMs = model.ExpiresMs,
        };
        wire.Origins.AddRange(model.Origins);
        return wire;
    }
}
