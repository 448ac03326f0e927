using Google.Protobuf;
using Model = CroPlatform.Experimentation.Configuration;
using Wire = CroPlatform.Contracts.Experiments;

namespace CroPlatform.Contracts;

/// <summary>Erasures as they are published.</summary>
public static class ErasureMapping
{
    public static Wire.Erasure ToWire(this Model.Erasure erasure)
    {
        ArgumentNullException.ThrowIfNull(erasure);
        var wire = new Wire.Erasure { Site = erasure.Site, Id = erasure.Id, AtMs = erasure.AtMs };
        wire.Units.AddRange(erasure.Units.Select(u => new Wire.ErasedUnit { UnitType = u.UnitType, Sha256 = ByteString.CopyFrom(Convert.FromHexString(u.Digest)) }));
        return wire;
    }

    public static Model.Erasure ToModel(this Wire.Erasure erasure)
    {
        ArgumentNullException.ThrowIfNull(erasure);
        return new Model.Erasure(
            erasure.Site,
            erasure.Id,
            erasure.AtMs,
            [.. erasure.Units.Select(u => new Model.ErasedUnit(u.UnitType, Convert.ToHexStringLower(u.Sha256.Span)))]);
    }
}
