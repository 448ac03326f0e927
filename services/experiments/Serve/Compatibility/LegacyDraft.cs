using System.Security.Cryptography;
using System.Text;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>A test that an existing client asks for, as the experiment that it becomes, with the metrics that it needs.</summary>
internal sealed record LegacyDraft(ExperimentRequest Experiment, IReadOnlyList<MetricRequest> Metrics)
{
    public const string TypeTag = "type:";

    private const int MaxSlug = 60;
    private static readonly string[] DefaultMetrics = ["conversion", "click_through"];

    /// <param name="assignment">Who gives units their variants unless the request says: platform or external.</param>
    /// <param name="idempotencyKey">Gives the test the same key each time it is asked for; null: any key.</param>
    public static (LegacyDraft? Draft, FieldProblem? Problem) Of(LegacyTestRequest request, string assignment, string? idempotencyKey = null)
    {
        var problems = new FieldProblems();
        if (string.IsNullOrWhiteSpace(request.Name)) problems.Missing("name");
        problems.Text(request.Name, "name", 200);
        problems.Text(request.Type, "type", 40);
        if (request.Variants is null) problems.Missing("variants");
        var hasVariants = problems.Items(request.Variants, "variants", VariantRules.MaxVariants);
        if (request.Metrics is not null) problems.Items(request.Metrics, "metrics", 20);
        if (problems.All is [var first, ..]) return (null, first);
        if (!hasVariants) return (null, new FieldProblem("out_of_range", "variants", "a test has two variants or more"));

        var metrics = MetricsOf(request);
        return (new LegacyDraft(
            new ExperimentRequest
            {
                Key = $"{Slug(request.Name!, "test")}-{Suffix(idempotencyKey)}",
                Name = request.Name,
                Hypothesis = request.Hypothesis ?? request.Description,
                Kind = KindOf(request.Type),
                Variants = VariantsOf(request.Variants!),
                Metrics = [.. metrics.Select(m => new MetricReference { Key = m.Key })],
                Coverage = request.Coverage,
                Targeting = request.Targeting,
                Decision = request.Decision,
                Assignment = request.Assignment ?? assignment,
                Tags = request.Type is { Length: > 0 } type ? [TypeTag + type] : null,
            },
            metrics), null);
    }

    private static string Suffix(string? idempotencyKey) => idempotencyKey is null
        ? RandomNumberGenerator.GetHexString(6, lowercase: true)
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(idempotencyKey)).AsSpan(0, 3));

    private static List<MetricRequest> MetricsOf(LegacyTestRequest request)
    {
        var template = TemplateStore.Ready.FirstOrDefault(t => t.Key == request.Type);
        IEnumerable<string> keys = request.Metrics is { Count: > 0 } asked ? asked.Select(m => m!)
            : template is not null ? template.Experiment!.Metrics!.Select(m => m!.Key!)
            : DefaultMetrics;
        return [.. keys.Distinct().Select(key => ReadyMetrics.Find(key) ?? new MetricRequest
        {
            Key = IsKey(key) ? key : Slug(key, "metric"),
            Name = key,
            Kind = "conversion",
            Event = key,
            Direction = "increase",
        })];
    }

    /// <summary>Weights may come as percentages, as some clients have them.</summary>
    private static List<VariantRequest> VariantsOf(IReadOnlyList<LegacyVariantRequest?> variants)
    {
        var arePercentages = variants.All(v => v!.Weight is not null) && Math.Abs(variants.Sum(v => v!.Weight!.Value) - 100) < 0.01;
        var made = new List<VariantRequest>();
        foreach (var variant in variants)
        {
            var slug = Slug(variant!.Id ?? variant.Name ?? "", $"variant-{made.Count + 1}");
            made.Add(new VariantRequest
            {
                Key = made.Exists(v => v.Key == slug) ? $"{slug}-{made.Count + 1}" : slug,
                Name = variant.Name,
                Config = variant.Config,
                Weight = arePercentages ? variant.Weight / 100 : variant.Weight,
                Control = variant.IsControl,
            });
        }

        return made;
    }

    private static string KindOf(string? type) => type switch
    {
        "bandit" or "multi_armed_bandit" => "bandit",
        "aa" or "a/a" => "aa",
        _ => "ab",
    };

    private static bool IsKey(string text)
    {
        var problems = new FieldProblems();
        problems.Key(text, "key");
        return problems.All.Count == 0;
    }

    /// <summary>A key made of a name: small letters and digits, joined by hyphens.</summary>
    private static string Slug(string name, string otherwise)
    {
        var words = new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var slug = string.Join('-', words);
        return slug.Length == 0 ? otherwise : slug[..Math.Min(slug.Length, MaxSlug)].TrimEnd('-');
    }
}
