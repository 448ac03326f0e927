namespace CroPlatform.Experimentation.Evaluation;

/// <summary>What things are called in a payload. The colon is in no experiment's key, so that features of our own never hide one.</summary>
internal static class SdkNames
{
    /// <summary>The attribute that an SDK's user must set for a type of unit; the SDKs' own default is id.</summary>
    public static string AttributeOf(string unitType) => unitType == UnitTypes.Visitor ? "id" : $"{unitType}_id";

    /// <summary>A feature whose value is the key of the variant that the experiment gives, or null.</summary>
    public static string OfParent(string experiment) => $"variant:{experiment}";

    /// <summary>A feature that is true for units that are held out.</summary>
    public static string OfHoldout(Holdout holdout) => $"holdout:{holdout.Experiment}";
}

/// <summary>The values of an experiment's feature, as JSON in UTF-8.</summary>
/// <param name="ByVariant">The value of each variant.</param>
/// <param name="Default">The value of everybody else.</param>
internal sealed record SdkValues(IReadOnlyList<ReadOnlyMemory<byte>> ByVariant, ReadOnlyMemory<byte> Default)
{
    private static readonly ReadOnlyMemory<byte> Null = "null"u8.ToArray();

    /// <summary>What is served: configurations, or keys where no variant has a configuration; the control's by default.</summary>
    public static SdkValues Served(Experiment experiment)
    {
        var hasConfigs = experiment.Variants.Any(v => !v.ConfigJson.IsEmpty);
        ReadOnlyMemory<byte>[] values = [.. experiment.Variants.Select(v => !hasConfigs ? Key(v) : v.ConfigJson.IsEmpty ? Null : v.ConfigJson)];
        return new SdkValues(values, values[experiment.Control]);
    }

    /// <summary>The key of the variant that the experiment gives; null where it gives none.</summary>
    public static SdkValues Given(Experiment experiment) => new([.. experiment.Variants.Select(Key)], Null);

    private static ReadOnlyMemory<byte> Key(Variant variant) => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(variant.Key);
}
