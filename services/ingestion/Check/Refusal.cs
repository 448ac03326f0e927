namespace CroPlatform.Services.Ingestion.Check;

/// <summary>Why one event was refused: a code of <see cref="Codes"/>, the field at fault and what to do about it.</summary>
internal sealed record Refusal(string Code, string Field, string Message)
{
    public static Refusal Missing(string field) => new(Codes.Missing, field, $"{field} is required");

    public static Refusal WrongType(string field, string wanted) => new(Codes.WrongType, field, $"{field} must be {wanted}");
}

internal static class Codes
{
    public const string Missing = "missing";
    public const string WrongType = "wrong_type";
    public const string TooLong = "too_long";
    public const string InvalidText = "invalid_text";
    public const string JunkId = "junk_id";
    public const string OutOfRange = "out_of_range";
    public const string InvalidTimestamp = "invalid_timestamp";
    public const string TimestampTooOld = "timestamp_too_old";
    public const string TimestampInFuture = "timestamp_in_future";
    public const string NegativeValue = "negative_value";
    public const string InvalidCurrency = "invalid_currency";
    public const string DuplicateField = "duplicate_field";
    public const string TooDeep = "too_deep";
    public const string RateLimited = "rate_limited";
}
