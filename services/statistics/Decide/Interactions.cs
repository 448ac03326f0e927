using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Multiplicity;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>What was found of all pairs of a site's running experiments.</summary>
/// <param name="Pairs">Pairs that have units in common.</param>
/// <param name="Tests">Pairs × metrics that could be tested.</param>
/// <param name="Interactions">The most telling first, at most <see cref="InteractionReport.Most"/>.</param>
/// <param name="Dependences">Likewise.</param>
internal sealed record InteractionReport(
    DateTimeOffset ComputedAt, int Experiments, int Pairs, int Tests, double FalseDiscoveryRate, IReadOnlyList<Interaction> Interactions, IReadOnlyList<Dependence> Dependences)
{
    public const int Most = 1_000;
}

/// <summary>Whether the effect of one experiment on a metric differs between the variants of another.</summary>
/// <param name="Units">Analysed by both.</param>
/// <param name="AdjustedPValue">Benjamini and Hochberg's over all pairs and metrics of the site.</param>
/// <param name="Effects">The first experiment's first treatment against its control, in each variant of the second.</param>
internal sealed record Interaction(
    string First, string Second, string Metric, long Units, double PValue, double LogPValue, double AdjustedPValue, bool Found, IReadOnlyList<EffectIn> Effects);

internal sealed record EffectIn(string Variant, double Difference, double StandardError);

/// <summary>Whether being in an experiment depends on which variant of another one a unit is in.</summary>
/// <param name="AdjustedPValue">Benjamini and Hochberg's over all that were tested.</param>
internal sealed record Dependence(string Experiment, string Other, double PValue, double LogPValue, double AdjustedPValue, bool Found);

/// <summary>
/// Tests all pairs of experiments for interaction. The false discovery rate is that of Benjamini and Hochberg: it holds for independent tests and for
/// positively dependent ones, as those of metrics and experiments that share their units are. Pure.
/// </summary>
internal static class Interactions
{
    public const double FalseDiscoveryRate = 0.05;

    /// <summary>Of dependences, which are faults: rarer to be called so.</summary>
    private const double DependenceRate = 0.01;

    /// <summary>Outcomes in each cell, for its mean to be normal.</summary>
    private const long LeastUnits = 100;

    /// <summary>Conversions in each cell, and as many units without.</summary>
    private const long LeastConversions = 10;

    public static InteractionReport Of(SitePairs site, DateTimeOffset now)
    {
        var tests = site.Pairs.Values.SelectMany(Tests).ToList();
        var dependences = site.Pairs.Values.SelectMany(p => DependencesOf(site, p)).ToList();
        var (adjusted, adjustedDependences) = (Adjust(tests.ConvertAll(t => t.PValue)), Adjust(dependences.ConvertAll(d => d.PValue)));
        return new InteractionReport(
            now, site.Experiments.Count(), site.Pairs.Count, tests.Count, FalseDiscoveryRate,
            [.. tests.Select((t, i) => t with { AdjustedPValue = adjusted[i], Found = adjusted[i] <= FalseDiscoveryRate }).OrderBy(t => t.LogPValue).Take(InteractionReport.Most)],
            [
                .. dependences.Select((d, i) => d with { AdjustedPValue = adjustedDependences[i], Found = adjustedDependences[i] <= DependenceRate })
                    .OrderBy(d => d.LogPValue).Take(InteractionReport.Most),
            ]);
    }

    /// <summary>What the results of each experiment say of it.</summary>
    public static IEnumerable<(string Experiment, Reason Warning)> Warnings(InteractionReport report)
    {
        foreach (var found in report.Interactions.Where(i => i.Found))
        {
            yield return (found.First, Of(found, found.Second));
            yield return (found.Second, Of(found, found.First));
        }

        foreach (var found in report.Dependences.Where(d => d.Found))
        {
            yield return (found.Experiment, new Reason("dependence", $"whether a unit is in this experiment depends on its variant of {found.Other} (adjusted p = {found.AdjustedPValue:g3})"));
            yield return (found.Other, new Reason("dependence", $"whether a unit is in {found.Experiment} depends on its variant of this experiment (adjusted p = {found.AdjustedPValue:g3})"));
        }

        static Reason Of(Interaction found, string other) =>
            new("interaction", $"{found.Metric}: the effect differs between the variants of {other} (adjusted p = {found.AdjustedPValue:g3})");
    }

    private static IReadOnlyList<double> Adjust(List<double> pValues) => PValueAdjustment.BenjaminiHochberg(pValues).Value;

    private static IEnumerable<Interaction> Tests(PairNumbers pair)
    {
        for (var metric = 0; metric < pair.Metrics.Count; metric++)
        {
            var table = Table(pair, metric);
            if (table is null || !WaldTest.Interaction(table.Cells).TryGet(out var test)) continue;
            var (treatment, control) = (table.Cells[1], table.Cells[0]);
            yield return new Interaction(
                pair.First.Key, pair.Second.Key, pair.Metrics[metric].Metric.Key, pair.Cells.Values.Sum(c => c.Units), test.PValue, test.LogPValue, 1, false,
                [.. table.Columns.Select((v, j) => new EffectIn(
                    pair.Second.Variants[v].Key, treatment[j].Value - control[j].Value, Math.Sqrt(treatment[j].Variance + control[j].Variance)))]);
        }
    }

    private sealed record MeanTable(IReadOnlyList<int> Columns, IReadOnlyList<IReadOnlyList<(double Value, double Variance)>> Cells);

    /// <summary>
    /// Each cell's mean with its variance, over pairs of phases weighted by their shares of the units: probabilities are constant within them only.
    /// Null where a cell has too few outcomes.
    /// </summary>
    private static MeanTable? Table(PairNumbers pair, int metric)
    {
        var (rows, columns) = (Present(pair.First, pair.Cells.Keys.Select(k => k.FirstVariant)), Present(pair.Second, pair.Cells.Keys.Select(k => k.SecondVariant)));
        var definition = pair.Metrics[metric].Metric;
        var strata = pair.Cells.GroupBy(c => (c.Key.FirstPhase, c.Key.SecondPhase))
            .Select(s => s.ToDictionary(c => (c.Key.FirstVariant, c.Key.SecondVariant), c => new Arm(definition, c.Value.Units, c.Value.Moments[metric], null)))
            .Where(s => rows.All(i => columns.All(j => s.TryGetValue((i, j), out var arm) && arm.N >= 2))).ToList();
        if (strata.Count == 0 || rows.Count < 2 || columns.Count < 2) return null;
        var all = strata.Sum(s => s.Values.Sum(a => (double)a.N));
        var cells = new List<IReadOnlyList<(double, double)>>();
        foreach (var i in rows)
        {
            var row = new List<(double, double)>();
            foreach (var j in columns)
            {
                if (!IsEnough(strata.Select(s => s[(i, j)]).Aggregate((a, b) => a + b))) return null;
                var (mean, variance) = (0.0, 0.0);
                foreach (var stratum in strata)
                {
                    var arm = stratum[(i, j)];
                    if (!arm.Mean.TryGet(out var m) || !arm.StandardError.TryGet(out var e)) return null;
                    var share = stratum.Values.Sum(a => (double)a.N) / all;
                    mean += share * m;
                    variance += share * e * share * e;
                }

                row.Add((mean, variance));
            }

            cells.Add(row);
        }

        return new MeanTable(columns, cells);
    }

    private static bool IsEnough(Arm arm) => arm.N >= LeastUnits
        && (!arm.Metric.IsBinary || Math.Min(arm.Proportion.Successes, arm.Proportion.Failures) >= LeastConversions);

    /// <summary>The variants that have units, the control first.</summary>
    private static List<int> Present(Experiment experiment, IEnumerable<int> variants) => [.. variants.Distinct().OrderBy(v => v != experiment.Control).ThenBy(v => v)];

    /// <summary>Both ways. Where one is a condition of the other, a dependence is what was asked for.</summary>
    private static IEnumerable<Dependence> DependencesOf(SitePairs site, PairNumbers pair)
    {
        if (IsCondition(pair.First, pair.Second) || IsCondition(pair.Second, pair.First)) yield break;
        if (Membership(site, pair, ofFirst: true).TryGet(out var first)) yield return Result(pair.First, pair.Second, first);
        if (Membership(site, pair, ofFirst: false).TryGet(out var second)) yield return Result(pair.Second, pair.First, second);

        static Dependence Result(Experiment experiment, Experiment other, TestResult test) => new(experiment.Key, other.Key, test.PValue, test.LogPValue, 1, false);
    }

    /// <summary>Of the other experiment's units in each variant, how many are in this one as well: within the other one's phases, in which its variants are drawn alike.</summary>
    private static Computed<TestResult> Membership(SitePairs site, PairNumbers pair, bool ofFirst)
    {
        var other = ofFirst ? pair.Second : pair.First;
        var shared = pair.Cells.GroupBy(c => ofFirst ? (c.Key.SecondPhase, c.Key.SecondVariant) : (c.Key.FirstPhase, c.Key.FirstVariant))
            .ToDictionary(g => g.Key, g => g.Sum(c => c.Value.Units));
        if (shared.Values.Sum() < LeastUnits) return NotComputable.TooFewUnits("Too few units are in both.");
        return MantelHaenszel.Test([.. other.Phases.Select(phase => (IReadOnlyList<Proportion>)[.. other.Variants.Select((_, variant) => new Proportion(
            shared.GetValueOrDefault((phase.Index, variant)), site.Units.GetValueOrDefault((other.Key, phase.Index, variant))))])]);
    }

    private static bool IsCondition(Experiment experiment, Experiment of) =>
        experiment.Kind == ExperimentKind.Holdout || of.Prerequisites.Any(p => p.Experiment == experiment.Key) || of.Holdouts.Any(h => h.Experiment == experiment.Key);
}
