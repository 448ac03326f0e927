using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Statistics.Factorials;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>Makes the variants that a kind brings by itself. Pure.</summary>
internal static class VariantDesign
{
    /// <summary>
    /// Generators of fractions of two-level designs by (factors, denominator), of the highest resolution. Source: Box, Hunter, Hunter,
    /// "Statistics for Experimenters" (2005), table 6.22.
    /// </summary>
    private static readonly Dictionary<(int Factors, int Denominator), string[]> Fractions = new()
    {
        [(3, 2)] = ["AB"],
        [(4, 2)] = ["ABC"],
        [(5, 2)] = ["ABCD"],
        [(5, 4)] = ["AB", "AC"],
        [(6, 4)] = ["ABC", "BCD"],
        [(6, 8)] = ["AB", "AC", "BC"],
    };

    /// <summary>The request with its variants; unchanged where it brings its own, or where problems were found.</summary>
    public static ExperimentRequest Complete(ExperimentRequest request, FieldProblems problems)
    {
        if (ExperimentKinds.Parse(request.Kind ?? "ab") is not { } kind)
        {
            problems.Add("out_of_range", "kind", $"kind must be one of {string.Join(", ", ExperimentKinds.Names)}");
            return request;
        }

        if (kind == ExperimentKind.Holdout) problems.Range(request.Holdout, "holdout", 0.0001, 0.5);
        if (kind == ExperimentKind.Multivariate) FactorRules.Check(request.Factors, problems);
        if (problems.All.Count > 0) return request;
        return kind switch
        {
            ExperimentKind.Holdout when request.Variants is not null => Refused(request, problems),
            ExperimentKind.Holdout => request with
            {
                Variants = [new() { Key = "holdout", Weight = request.Holdout, Control = true }, new() { Key = "included", Weight = 1 - request.Holdout }],
            },
            ExperimentKind.Rollout => request with { Variants = Rollout(request.Variants) },
            ExperimentKind.Multivariate when request.Variants is null => request with { Variants = Combinations(request, problems) },
            _ => request,
        };
    }

    private static ExperimentRequest Refused(ExperimentRequest request, FieldProblems problems)
    {
        problems.Add("not_allowed", "variants", "a holdout brings its own variants, holdout and included");
        return request;
    }

    private static IReadOnlyList<VariantRequest?> Rollout(IReadOnlyList<VariantRequest?>? given) => given switch
    {
        null => [new() { Key = "off", Weight = 0 }, new() { Key = "on", Weight = 1 }],
        [{ Weight: null } off, { Weight: null } on] => [off with { Weight = 0 }, on with { Weight = 1 }],
        _ => given,
    };

    private static IReadOnlyList<VariantRequest?>? Combinations(ExperimentRequest request, FieldProblems problems)
    {
        var factors = request.Factors!.Select(f => f!).ToList();
        if (Runs(factors, request.Design, problems) is not { } runs) return null;
        if (runs.Count > VariantRules.MaxVariants)
        {
            problems.Add("out_of_range", "factors", $"the design has {runs.Count} combinations where {VariantRules.MaxVariants} variants are the most: take a fraction, or fewer levels");
            return null;
        }

        return [.. runs.Select(run => Variant(factors, run))];
    }

    private static VariantRequest Variant(List<FactorRequest> factors, int[] run)
    {
        var levels = factors.Select((f, i) => (Factor: f.Key!, Level: f.Levels![run[i]]!)).ToList();
        return new VariantRequest
        {
            Key = string.Join('.', levels.Select(l => l.Level.Key)),
            Levels = levels.ToDictionary(l => l.Factor, string? (l) => l.Level.Key),
            Config = JsonSerializer.SerializeToElement(
                levels.ToDictionary(l => l.Factor, l => l.Level.Config ?? JsonSerializer.SerializeToElement(l.Level.Key))),
        };
    }

    /// <summary>The indices of the levels in each run, the first factor changing fastest.</summary>
    private static List<int[]>? Runs(List<FactorRequest> factors, JsonElement? design, FieldProblems problems)
    {
        if (design is null or { ValueKind: JsonValueKind.String } && design?.GetString() is null or "full") return Full([.. factors.Select(f => f.Levels!.Count)]);
        if (Generators(factors.Count, design.Value) is not { } generators)
        {
            problems.Add("out_of_range", "design", "design is \"full\", {\"fraction\": 2, 4 or 8} where such a fraction exists, or {\"generators\": [\"AB\", …]}");
            return null;
        }

        if (factors.Exists(f => f.Levels!.Count != 2))
        {
            problems.Add("out_of_range", "design", "only factors with two levels can be run in a fraction");
            return null;
        }

        var fraction = FactorialDesign.Fractional(factors.Count - generators.Length, generators);
        return [.. fraction.Runs.Select(run => run.Select(level => level < 0 ? 0 : 1).ToArray())];
    }

    private static List<int[]> Full(int[] levels)
    {
        List<int[]> runs = [[]];
        for (var factor = levels.Length - 1; factor >= 0; factor--)
        {
            var count = levels[factor];
            runs = [.. runs.SelectMany(rest => Enumerable.Range(0, count).Select(level => (int[])[level, .. rest]))];
        }

        return runs;
    }

    private static string[]? Generators(int factors, JsonElement design)
    {
        if (design.ValueKind != JsonValueKind.Object) return null;
        if (design.TryGetProperty("fraction", out var fraction))
        {
            return fraction.ValueKind == JsonValueKind.Number && fraction.TryGetInt32(out var denominator)
                ? Fractions.GetValueOrDefault((factors, denominator))
                : null;
        }

        if (!design.TryGetProperty("generators", out var generators) || generators.ValueKind != JsonValueKind.Array) return null;
        var given = generators.EnumerateArray().Select(g => g.ValueKind == JsonValueKind.String ? g.GetString()! : "").ToArray();
        var bases = factors - given.Length;
        var areWords = given.Length > 0 && bases >= 2
            && Array.TrueForAll(given, g => g.Length >= 2 && g.Distinct().Count() == g.Length && g.All(c => c >= 'A' && c < 'A' + bases));
        return areWords && given.Distinct().Count() == given.Length ? given : null;
    }
}
