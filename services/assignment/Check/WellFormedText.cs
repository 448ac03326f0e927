using System.Text.Json;

namespace CroPlatform.Services.Assignment.Check;

/// <summary>JSON may escape half of a surrogate pair, which is no text: reading such a string throws, so it is looked for before anything is read.</summary>
internal static class WellFormedText
{
    /// <summary>Whether every string and every name in this value, at any depth, is valid Unicode.</summary>
    public static bool Holds(JsonElement value) =>
        !value.GetRawText().Contains("\\ud", StringComparison.OrdinalIgnoreCase) || HoldsWithin(value);

    private static bool HoldsWithin(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => IsText(value.GetString),
        JsonValueKind.Array => value.EnumerateArray().All(HoldsWithin),
        JsonValueKind.Object => value.EnumerateObject().All(member => IsText(() => member.Name) && HoldsWithin(member.Value)),
        _ => true,
    };

    private static bool IsText(Func<string?> read)
    {
        try
        {
            _ = read();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
