using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

internal static class VariantRules
{
    public const int MinVariants = 2;
    public const int MaxVariants = 20;
    private const int MaxConfigBytes = 32_768;
    private const double WeightTolerance = 1e-6;

    public static void Check(IReadOnlyList<VariantRequest?>? variants, FieldProblems problems)
    {
        if (variants is null)
        {
            problems.Missing("variants");
            return;
        }

        if (variants.Count is < MinVariants or > MaxVariants)
        {
            problems.Add("out_of_range", "variants", $"an experiment has {MinVariants} to {MaxVariants} variants");
            return;
        }

        for (var i = 0; i < variants.Count; i++)
        {
            var field = $"variants[{i}]";
            if (variants[i] is not { } variant)
            {
                problems.Add("wrong_type", field, $"{field} must be an object");
                return;
            }

            problems.Key(variant.Key, $"{field}.key");
            problems.Text(variant.Name, $"{field}.name", 200);
            problems.Range(variant.Weight, $"{field}.weight", 0, 1);
            if (variant.Config?.GetRawText().Length > MaxConfigBytes) problems.Add("too_long", $"{field}.config", $"a config may have {MaxConfigBytes} characters");
            if (variant.PageChanges is { } changes) PageChangeRules.Check(changes, $"{field}.page_changes", problems);
        }

        if (variants.Select(v => v!.Key).Distinct().Count() < variants.Count) problems.Add("duplicate_key", "variants", "each variant needs a key of its own");
        if (variants.Count(v => v!.Control == true) > 1) problems.Add("out_of_range", "variants", "only one variant can be the control");
        CheckWeights(variants, problems);
    }

    /// <summary>Whether these are weights of a phase.</summary>
    public static bool SumToOne(IEnumerable<double> weights) => Math.Abs(weights.Sum() - 1) <= WeightTolerance;

    private static void CheckWeights(IReadOnlyList<VariantRequest?> variants, FieldProblems problems)
    {
        var weighted = variants.Count(v => v!.Weight is not null);
        if (weighted == 0) return;
        if (weighted < variants.Count) problems.Add("missing", "variants", "give every variant a weight, or none");
        else if (!SumToOne(variants.Select(v => v!.Weight!.Value))) problems.Add("out_of_range", "variants", "weights are fractions and must sum to 1");
    }
}
