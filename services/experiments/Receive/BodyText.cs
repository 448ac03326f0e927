using System.Text.Json;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Text that every store can hold: no lone surrogates, and no NUL, which Postgres does not take.</summary>
internal static class BodyText
{
    /// <summary>The first name or string of a body, at whatever depth, that is no such text; null: there is none.</summary>
    public static FieldProblem? FaultIn(JsonElement body, string field = "")
    {
        switch (body.ValueKind)
        {
            case JsonValueKind.String: return IsText(body.GetString) ? null : Fault(field);
            case JsonValueKind.Array:
                return body.EnumerateArray().Select((item, i) => FaultIn(item, $"{field}[{i}]")).FirstOrDefault(f => f is not null);
            case JsonValueKind.Object:
                foreach (var member in body.EnumerateObject())
                {
                    if (!IsText(() => member.Name)) return Fault(field);
                    if (FaultIn(member.Value, field.Length == 0 ? member.Name : $"{field}.{member.Name}") is { } fault) return fault;
                }

                return null;
            default: return null;
        }
    }

    private static FieldProblem Fault(string field) =>
        new("invalid_text", field.Length == 0 ? null : field, "text must be valid Unicode without NUL");

    private static bool IsText(Func<string?> read)
    {
        try
        {
            return read()?.Contains('\0', StringComparison.Ordinal) != true;
        }
        catch (InvalidOperationException)
        {
            // How the reader says that it found a lone surrogate.
            return false;
        }
    }
}
