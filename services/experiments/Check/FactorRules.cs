using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

internal static class FactorRules
{
    public static void Check(IReadOnlyList<FactorRequest?>? factors, FieldProblems problems)
    {
        if (factors is not { Count: >= 2 and <= 6 })
        {
            problems.Add("out_of_range", "factors", "a multivariate experiment has 2 to 6 factors");
            return;
        }

        if (!problems.Items(factors, "factors", 6)) return;
        for (var i = 0; i < factors.Count; i++)
        {
            var (factor, field) = (factors[i]!, $"factors[{i}]");
            problems.Key(factor.Key, $"{field}.key");
            if (factor.Levels is not { Count: >= 2 })
            {
                problems.Add("out_of_range", $"{field}.levels", "a factor has at least two levels");
                continue;
            }

            if (!problems.Items(factor.Levels, $"{field}.levels", VariantRules.MaxVariants)) continue;
            for (var level = 0; level < factor.Levels.Count; level++) problems.Key(factor.Levels[level]!.Key, $"{field}.levels[{level}].key");
            if (factor.Levels.Select(l => l!.Key).Distinct().Count() < factor.Levels.Count) problems.Add("duplicate_key", $"{field}.levels", "each level needs a key of its own");
        }

        if (factors.Select(f => f!.Key).Distinct().Count() < factors.Count) problems.Add("duplicate_key", "factors", "each factor needs a key of its own");
    }
}
