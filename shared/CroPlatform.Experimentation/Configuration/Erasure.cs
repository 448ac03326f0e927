using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace CroPlatform.Experimentation.Configuration;

/// <summary>People who asked to be forgotten: what happened, or was received, up to a moment is not read any more, from no copy of the log.</summary>
/// <param name="Id">Names the request.</param>
/// <param name="AtMs">Milliseconds since 1970 UTC.</param>
public sealed record Erasure(string Site, string Id, long AtMs, ImmutableArray<ErasedUnit> Units);

/// <summary>A unit by its type and digest: the list of the forgotten names nobody.</summary>
/// <param name="Digest">See <see cref="DigestOf"/>.</param>
public readonly record struct ErasedUnit(string UnitType, string Digest)
{
    public static ErasedUnit Of(string site, string unitType, string unit) => new(unitType, DigestOf(site, unitType, unit));

    /// <summary>SHA-256 of <c>site|type|unit</c> in UTF-8, as 64 lower-case hexadecimal digits.</summary>
    public static string DigestOf(string site, string unitType, string unit) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{site}|{unitType}|{unit}")));
}

/// <summary>All erasures of one site, or some of them.</summary>
public sealed class Erasures
{
    public static readonly Erasures None = new([], ImmutableDictionary<ErasedUnit, long>.Empty);

    private readonly ImmutableDictionary<ErasedUnit, long> _until;

    private Erasures(ImmutableArray<Erasure> all, ImmutableDictionary<ErasedUnit, long> until) => (All, _until) = (all, until);

    /// <summary>In the order in which they were asked for.</summary>
    public ImmutableArray<Erasure> All { get; }

    public bool IsEmpty => All.IsEmpty;

    public Erasures With(Erasure erasure)
    {
        ArgumentNullException.ThrowIfNull(erasure);
        if (All.Any(e => e.Id == erasure.Id)) return this;
        var until = _until.ToBuilder();
        foreach (var unit in erasure.Units) until[unit] = Math.Max(erasure.AtMs, until.GetValueOrDefault(unit));
        return new Erasures(All.Add(erasure), until.ToImmutable());
    }

    /// <summary>Whether what this unit did at this time, received at that one, is not to be read.</summary>
    public bool Cover(string site, string unitType, string unit, long timeMs, long receivedMs) =>
        !IsEmpty && unit.Length > 0 && _until.TryGetValue(ErasedUnit.Of(site, unitType, unit), out var until) && Math.Min(timeMs, receivedMs) <= until;
}
