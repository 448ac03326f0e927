namespace CroPlatform.Experimentation.Facts;

/// <summary>
/// One instance for each of the names that facts repeat without end: types of events, experiments, variants, browsers. Bounded: a name that falls
/// on another's place takes it, so what clients send can only make this useless, not large. For any number of threads.
/// </summary>
public static class SharedNames
{
    private const int Places = 1 << 13;
    private const int MaxLength = 64;

    private static readonly string?[] Names = new string?[Places];

    public static string Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxLength) return name;
        ref var place = ref Names[PlaceOf(name)];
        if (place is { } known && known == name) return known;
        return place = name;
    }

    public static string Of(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > MaxLength) return name.ToString();
        ref var place = ref Names[PlaceOf(name)];
        if (place is { } known && name.SequenceEqual(known)) return known;
        return place = name.ToString();
    }

    private static int PlaceOf(ReadOnlySpan<char> name) => string.GetHashCode(name, StringComparison.Ordinal) & (Places - 1);
}
