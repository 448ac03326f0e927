using System.Text.Json;

namespace CroPlatform.Statistics.Tests;

/// <summary>Reads the arguments of reference cases.</summary>
internal static class ReferenceArgs
{
    public static double D(this JsonElement args, string name) => args.GetProperty(name).GetDouble();

    public static double D(this JsonElement args, string name, double otherwise) =>
        args.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;

    public static long L(this JsonElement args, string name) => args.GetProperty(name).GetInt64();

    public static string S(this JsonElement args, string name) => args.GetProperty(name).GetString()!;

    public static bool B(this JsonElement args, string name) => args.TryGetProperty(name, out var value) && value.GetBoolean();

    public static double[] Ds(this JsonElement args, string name) =>
        args.GetProperty(name).EnumerateArray().Select(v => v.GetDouble()).ToArray();

    public static long[] Ls(this JsonElement args, string name) =>
        args.GetProperty(name).EnumerateArray().Select(v => v.GetInt64()).ToArray();

    public static double[][] Rows(this JsonElement args, string name) =>
        args.GetProperty(name).EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetDouble()).ToArray()).ToArray();

    public static Proportion[] Proportions(this JsonElement args, string name = "arms") =>
        args.GetProperty(name).EnumerateArray().Select(v => new Proportion(v[0].GetInt64(), v[1].GetInt64())).ToArray();

    public static SampleSummary[] Samples(this JsonElement args, string name = "arms") =>
        args.GetProperty(name).EnumerateArray()
            .Select(v => new SampleSummary(v[0].GetInt64(), v[1].GetDouble(), v[2].GetDouble())).ToArray();

    public static Alternative Alternative(this JsonElement args) =>
        args.TryGetProperty("alternative", out var value) ? Enum.Parse<Alternative>(value.GetString()!, ignoreCase: true) : default;

    public static double Confidence(this JsonElement args) => args.D("confidence", 0.95);

    public static Dictionary<string, double> Figures(this Computed<TestResult> test)
    {
        var result = test.Value;
        var figures = new Dictionary<string, double> { ["statistic"] = result.Statistic, ["p"] = result.PValue, ["log_p"] = result.LogPValue };
        if (result.DegreesOfFreedom is { } df)
            figures["df"] = df;
        if (result.DenominatorDegreesOfFreedom is { } df2)
            figures["df2"] = df2;
        return figures;
    }

    public static Dictionary<string, double> Figures(this Computed<Estimate> estimate)
    {
        var value = estimate.Value;
        var figures = new Dictionary<string, double> { ["value"] = value.Value, ["low"] = value.Interval.Low, ["high"] = value.Interval.High };
        if (value.StandardError is { } error)
            figures["se"] = error;
        return figures;
    }

    public static Dictionary<string, double> Figures(this Computed<Interval> interval) =>
        new() { ["low"] = interval.Value.Low, ["high"] = interval.Value.High };

    public static Dictionary<string, double> Figures(this double value) => new() { ["value"] = value };
}
