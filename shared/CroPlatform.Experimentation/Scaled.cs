using System.Text.Json;

namespace CroPlatform.Experimentation;

/// <summary>
/// Values as exact integers of 1e-4, up to 1e9 either way: sums of them are the same in any order. More than four decimals are
/// rounded half to even.
/// </summary>
public static class Scaled
{
    public const long One = 10_000;
    public const long Max = 1_000_000_000 * One;

    /// <summary>False if the number is not finite or lies outside ±1e9.</summary>
    public static bool TryFrom(decimal value, out long scaled)
    {
        scaled = 0;
        if (value is > 1_000_000_000m or < -1_000_000_000m) return false;
        scaled = (long)decimal.Round(value * One, 0, MidpointRounding.ToEven);
        return true;
    }

    /// <summary>Reads the JSON number at hand. False if it is none, or outside ±1e9.</summary>
    public static bool TryRead(in JsonElement element, out long scaled)
    {
        scaled = 0;
        if (element.ValueKind != JsonValueKind.Number) return false;
        if (element.TryGetDecimal(out var value)) return TryFrom(value, out scaled);

        // A number finer than a decimal can hold, such as 1e-40, is zero here; one too large is refused.
        if (!element.TryGetDouble(out var wide) || !double.IsFinite(wide) || Math.Abs(wide) > 1) return false;
        return true;
    }

    public static double ToDouble(long scaled) => scaled / (double)One;
}
