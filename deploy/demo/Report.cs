using CroPlatform.Demo.Api;
using CroPlatform.Demo.Shop;
using CroPlatform.Demo.Upworthy;

namespace CroPlatform.Demo;

/// <summary>Prints what came out next to what is known to have gone in, and counts where they differ.</summary>
internal sealed class Report(TextWriter output)
{
    /// <summary>Figures that are not what they must be.</summary>
    public int Differences { get; private set; }

    public void Print(UpworthyTest test, string key, Results results)
    {
        var metric = results.Metrics[0];
        output.WriteLine();
        output.WriteLine($"{key}   {Verdict(results)}");
        output.WriteLine($"  sample ratio {Ratio(results.SampleRatio)}; p over all packages {P(metric.PValue)}");
        output.WriteLine($"  {"variant",-12} {"n",8} {"file",8} {"clicks",7} {"file",6} {"rate",8} {"lift",8}  {"95 % interval",-20} {"p",8}");
        foreach (var (arm, package) in metric.Variants.Zip(test.Packages))
        {
            var same = Same(arm.N, package.Impressions) & Same(arm.Sum, package.Clicks);
            output.WriteLine($"  {arm.Key,-12} {arm.N,8} {package.Impressions,8} {arm.Sum,7} {package.Clicks,6} {Figures(arm, "P2")}{(same ? "" : "  <- differs")}");
        }
    }

    public void Print(ShopTraffic shop, Results results)
    {
        output.WriteLine();
        output.WriteLine($"{shop.Key}   {Verdict(results)}");
        output.WriteLine($"  true effect on buyers {ShopTraffic.TreatmentRate / ShopTraffic.ControlRate - 1:+0.0%}, on a buyer's basket none; sample ratio {Ratio(results.SampleRatio)}");
        foreach (var metric in results.Metrics)
        {
            output.WriteLine($"  {metric.Key,-12} {"n",8} {"shop",8} {"sum",11} {"shop",11} {"mean",8} {"lift",8}  {"95 % interval",-20} {"p",8}");
            foreach (var arm in metric.Variants)
            {
                var tally = shop.Tallies[arm.Key];
                var known = metric.Kind == "conversion" ? tally.Buyers : (double)tally.Revenue;
                var same = Same(arm.N, tally.Visitors) & Same(Math.Round(arm.Sum, 4), Math.Round(known, 4));
                output.WriteLine($"  {arm.Key,-12} {arm.N,8} {tally.Visitors,8} {arm.Sum,11:0.##} {known,11:0.##} {Figures(arm, metric.Kind == "conversion" ? "P2" : "0.000")}{(same ? "" : "  <- differs")}");
            }
        }
    }

    public void Print(PublicApi api, Balance balance)
    {
        output.WriteLine();
        output.WriteLine($"balance   sent {api.Sent} = accepted {api.Accepted} + refused {api.Refused}{Mark(api.Sent, api.Accepted + api.Refused)}");
        output.WriteLine(
            $"          accepted {api.Distinct} different ones = counted {balance.Counted} + held {balance.Held} + quarantined {balance.Quarantined}"
            + Mark(api.Distinct, balance.Counted + balance.Held + balance.Quarantined));
        var (copies, more) = (api.Accepted - api.Distinct, balance.All - api.Accepted);
        output.WriteLine(
            $"          and {copies} copies = deduplicated {balance.Deduplicated}{(more > 0 ? $" less {more} that the gateway wrote twice while the log was slow to acknowledge" : "")}"
            + Mark(copies, balance.Deduplicated - Math.Max(more, 0)));
    }

    private string Mark(long a, long b) => Same(a, b) ? "   holds" : "   <- DOES NOT HOLD";

    private bool Same(double a, double b)
    {
        if (a == b) return true;
        Differences++;
        return false;
    }

    private static string Verdict(Results results) =>
        $"{results.Decision.Verdict}{(results.Decision.Variant is { } variant ? $": {variant}" : "")} ({results.Decision.Reasons[0].Text})";

    private static string Ratio(SampleRatio ratio) => $"{(ratio.Ok ? "ok" : "BROKEN")}, p = {P(ratio.PValue)}";

    private static string Figures(Arm arm, string meanFormat)
    {
        var interval = arm.LiftInterval is [var low, var high] ? $"[{low:+0.0%;-0.0%}, {high:+0.0%;-0.0%}]" : "";
        var lift = arm.Lift?.ToString("+0.0%;-0.0%") ?? "control";
        return $"{arm.Mean?.ToString(meanFormat) ?? "-",8} {lift,8}  {interval,-20} {(arm.PValue is null ? "" : P(arm.PValue)),8}";
    }

    private static string P(double? p) => p is { } value ? value < 0.0001 ? value.ToString("0.0e+0") : value.ToString("0.0000") : "not computable";
}
