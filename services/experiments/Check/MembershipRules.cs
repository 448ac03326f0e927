using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Targeting;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

/// <summary>Who may take part: the fields on their own.</summary>
internal static class MembershipRules
{
    private const int MaxForced = 1_000;
    private const int MaxRanges = 100;
    private const int MaxBucketVersion = 1_000;

    public static void Check(ExperimentRequest request, FieldProblems problems)
    {
        problems.Range(request.BucketVersion, "bucket_version", 0, MaxBucketVersion);
        problems.Range(request.MinBucketVersion, "min_bucket_version", 0, request.BucketVersion ?? 0);
        if (problems.Items(request.Forced, "forced", MaxForced)) CheckForced(request, problems);
        if (problems.Items(request.Layers, "layers", 5)) CheckLayers(request.Layers!, problems);
        if (problems.Items(request.Holdouts, "holdouts", 5))
        {
            for (var i = 0; i < request.Holdouts!.Count; i++) problems.Key(request.Holdouts[i], $"holdouts[{i}]");
        }

        if (problems.Items(request.Prerequisites, "prerequisites", 10)) CheckPrerequisites(request.Prerequisites!, problems);
        if (problems.Items(request.UrlPatterns, "url_patterns", 50)) CheckPatterns(request.UrlPatterns!, problems);
        if (request.Schedule is { } schedule) CheckSchedule(schedule, problems);
    }

    public static UrlPatternType? TypeOf(string? name) => name switch
    {
        "simple" => UrlPatternType.Simple,
        "regex" => UrlPatternType.Regex,
        _ => null,
    };

    /// <summary>A pattern of pages, if there is one.</summary>
    public static void Pattern(UrlPatternType type, string? pattern, string field, FieldProblems problems)
    {
        if (pattern is null) return;
        try
        {
            PagePatterns.Parse([new UrlPattern(type, pattern)]);
        }
        catch (FormatException e)
        {
            problems.Add("invalid_pattern", field, $"{field}: {e.Message}");
        }
    }

    private static void CheckForced(ExperimentRequest request, FieldProblems problems)
    {
        var variants = request.Variants?.Select(v => v?.Key).ToHashSet() ?? [];
        for (var i = 0; i < request.Forced!.Count; i++)
        {
            var (forced, field) = (request.Forced[i]!, $"forced[{i}]");
            if (string.IsNullOrEmpty(forced.UnitId)) problems.Missing($"{field}.unit_id");
            problems.Text(forced.UnitId, $"{field}.unit_id", 256);
            if (!variants.Contains(forced.Variant)) problems.Add("unknown_variant", $"{field}.variant", $"there is no variant '{forced.Variant}'");
        }

        if (request.Forced.Select(f => f!.UnitId).Distinct().Count() < request.Forced.Count) problems.Add("duplicate_key", "forced", "a unit is forced twice");
    }

    private static void CheckLayers(IReadOnlyList<LayerRequest?> layers, FieldProblems problems)
    {
        for (var i = 0; i < layers.Count; i++)
        {
            var (layer, field) = (layers[i]!, $"layers[{i}]");
            problems.Key(layer.Key, $"{field}.key");
            if (layer.Ranges is null == layer.Share is null)
            {
                problems.Add("missing", $"{field}.ranges", "a layer takes either ranges or a share");
                continue;
            }

            problems.Range(layer.Share, $"{field}.share", 0.0001, 1);
            if (layer.Ranges is { } ranges && !AreRanges(ranges))
            {
                problems.Add("out_of_range", $"{field}.ranges", $"ranges are 1 to {MaxRanges} pairs [from, to] with 0 <= from < to <= 1 that do not overlap");
            }
        }

        if (layers.Select(l => l!.Key).Distinct().Count() < layers.Count) problems.Add("duplicate_key", "layers", "a layer is named twice");
    }

    private static bool AreRanges(IReadOnlyList<IReadOnlyList<double>?> ranges)
    {
        if (ranges.Count is 0 or > MaxRanges || ranges.Any(r => r is not [>= 0, <= 1] || !(r[0] < r[1]))) return false;
        var ordered = ranges.OrderBy(r => r![0]).ToList();
        return ordered.Zip(ordered.Skip(1)).All(p => p.First![1] <= p.Second![0]);
    }

    private static void CheckPrerequisites(IReadOnlyList<PrerequisiteRequest?> prerequisites, FieldProblems problems)
    {
        for (var i = 0; i < prerequisites.Count; i++)
        {
            var (prerequisite, field) = (prerequisites[i]!, $"prerequisites[{i}]");
            problems.Key(prerequisite.Experiment, $"{field}.experiment");
            if (prerequisite.Variants is not { Count: > 0 }) problems.Missing($"{field}.variants");
            else if (problems.Items(prerequisite.Variants, $"{field}.variants", VariantRules.MaxVariants))
            {
                for (var v = 0; v < prerequisite.Variants.Count; v++) problems.Key(prerequisite.Variants[v], $"{field}.variants[{v}]");
            }
        }
    }

    private static void CheckPatterns(IReadOnlyList<UrlPatternRequest?> patterns, FieldProblems problems)
    {
        for (var i = 0; i < patterns.Count; i++)
        {
            var (pattern, field) = (patterns[i]!, $"url_patterns[{i}]");
            if (TypeOf(pattern.Type) is not { } type) problems.Add("out_of_range", $"{field}.type", "type must be simple or regex");
            else if (pattern.Pattern is null) problems.Missing($"{field}.pattern");
            else Pattern(type, pattern.Pattern, $"{field}.pattern", problems);
        }
    }

    private static void CheckSchedule(ScheduleRequest schedule, FieldProblems problems)
    {
        if (schedule.End <= schedule.Start) problems.Add("out_of_range", "schedule.end", "end must lie after start");
        if (schedule.Days is { } days && (days.Count == 0 || days.Any(d => d is < 1 or > 7) || days.Distinct().Count() < days.Count))
        {
            problems.Add("out_of_range", "schedule.days", "days are 1 (Monday) to 7 (Sunday), each once");
        }

        if (schedule.Hours is { } hours && hours is not [>= 0 and <= 23, >= 1 and <= 24])
        {
            problems.Add("out_of_range", "schedule.hours", "hours are [from, to], from 0 to 23 and from 1 to 24");
        }
        else if (schedule.Hours is [var from, var to] && from == to)
        {
            problems.Add("out_of_range", "schedule.hours", "hours must differ");
        }

        if (schedule.TimeZone is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            problems.Add("out_of_range", "schedule.time_zone", $"there is no time zone '{zone}'");
        }
    }
}
