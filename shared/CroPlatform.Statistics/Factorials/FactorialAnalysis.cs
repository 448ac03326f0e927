using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Factorials;

/// <summary>
/// A main effect or interaction. <see cref="Effect"/> is from low to high (twice the coefficient): in the metric's unit for the linear
/// model, a difference of log odds for the logistic one.
/// </summary>
public sealed record FactorialEffect(string Term, Estimate Effect, TestResult Test, IReadOnlyList<string> Aliases);

/// <summary>Main effects and interactions of a full or fractional design.</summary>
public static class FactorialAnalysis
{
    /// <summary>
    /// Least squares on the runs' summaries with one residual variance (within runs and lack of fit), t tests.
    /// Terms that alias each other in the design are not computable together.
    /// </summary>
    public static Computed<IReadOnlyList<FactorialEffect>> Linear(
        FactorialDesign design, IReadOnlyList<SampleSummary> runs, IReadOnlyList<string>? terms = null, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(design);
        ArgumentNullException.ThrowIfNull(runs);
        terms ??= design.Terms();
        if ((Checks.Confidence(confidence) ?? Runs(design, runs.Count, runs.All(r => r.IsValid && r.N > 0), terms)) is { } missing)
            return missing;
        var x = Matrix(design, terms);
        var weights = runs.Select(r => (double)r.N).ToArray();
        if (Information(x, weights) is not { } factor)
            return NotComputable.NoVariance("Some terms are aliases of each other in this design.");
        var beta = LinearSystem.Solve(factor, Score(x, runs.Select(r => r.N * r.Mean).ToArray()));
        var df = weights.Sum() - beta.Length;
        if (df < 1)
            return NotComputable.TooFewUnits("No degree of freedom is left for the residual.");
        var residual = 0.0;
        for (var i = 0; i < runs.Count; i++)
        {
            var gap = runs[i].Mean - Fitted(x, beta, i);
            residual += (runs[i].N - 1) * runs[i].Variance + runs[i].N * gap * gap;
        }
        if (!(residual > 0) || !double.IsFinite(residual))
            return NotComputable.NoVariance("The metric does not vary beyond the model, or its values are too large for a double.");
        var inverse = LinearSystem.Inverse(factor);
        var q = StudentT.UpperQuantile((1 - confidence) / 2, df);
        return Effects(design, terms, beta, k => Math.Sqrt(residual / df * inverse[k, k]), q,
            t => TestResults.OfT("Factorial, linear", t, df, Alternative.TwoSided));
    }

    /// <summary>Logistic regression on the runs' conversions by iterated weighted least squares, Wald tests. Source: McCullagh, Nelder (1989), 4.4.</summary>
    public static Computed<IReadOnlyList<FactorialEffect>> Logistic(
        FactorialDesign design, IReadOnlyList<Proportion> runs, IReadOnlyList<string>? terms = null, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(design);
        ArgumentNullException.ThrowIfNull(runs);
        terms ??= design.Terms();
        if ((Checks.Confidence(confidence) ?? Runs(design, runs.Count, runs.All(r => r.IsValid && r.Trials > 0), terms)) is { } missing)
            return missing;
        var x = Matrix(design, terms);
        var beta = new double[terms.Count + 1];
        var overall = (runs.Sum(r => (double)r.Successes) + 0.5) / (runs.Sum(r => (double)r.Trials) + 1);
        beta[0] = Math.Log(overall / (1 - overall));
        double[,]? factor = null;
        for (var iteration = 0; ; iteration++)
        {
            var p = Enumerable.Range(0, runs.Count).Select(i => 1 / (1 + Math.Exp(-Fitted(x, beta, i)))).ToArray();
            factor = Information(x, runs.Select((r, i) => r.Trials * p[i] * (1 - p[i])).ToArray());
            if (factor is null || iteration > 100 || beta.Any(b => Math.Abs(b) > 30))
            {
                return factor is null && iteration == 0
                    ? NotComputable.NoVariance("Some terms are aliases of each other in this design.")
                    : NotComputable.NoConvergence("Some combination converted none or all, so the odds have no finite estimate.");
            }
            var step = LinearSystem.Solve(factor, Score(x, runs.Select((r, i) => r.Successes - r.Trials * p[i]).ToArray()));
            for (var k = 0; k < beta.Length; k++)
                beta[k] += step[k];
            if (step.Max(Math.Abs) < 1e-13)
                break;
        }
        var inverse = LinearSystem.Inverse(factor);
        var z = Normal.UpperQuantile((1 - confidence) / 2);
        return Effects(design, terms, beta, k => Math.Sqrt(inverse[k, k]), z, t => TestResults.OfZ("Factorial, logistic", t, Alternative.TwoSided));
    }

    private static FactorialEffect[] Effects(
        FactorialDesign design, IReadOnlyList<string> terms, double[] beta, Func<int, double> error, double quantile, Func<double, TestResult> test) =>
        terms.Select((term, i) =>
        {
            var (effect, se) = (2 * beta[i + 1], 2 * error(i + 1));
            return new FactorialEffect(term, new(effect, se, new(effect - quantile * se, effect + quantile * se)), test(effect / se), design.Aliases(term));
        }).ToArray();

    private static NotComputable? Runs(FactorialDesign design, int count, bool valid, IReadOnlyList<string> terms) =>
        count != design.Runs.Count || !valid ? NotComputable.InvalidInput("There must be one valid, non-empty summary for each run.")
        : terms.Count == 0 || terms.Any(t => t.Length == 0 || t.Any(c => c < 'A' || c >= 'A' + design.Factors)) ? NotComputable.InvalidInput("Terms are made of the design's factors.")
        : terms.Count + 1 > count ? NotComputable.NoVariance("There are more terms than runs: choose fewer, some are aliases.") : null;

    private static double[,] Matrix(FactorialDesign design, IReadOnlyList<string> terms)
    {
        var x = new double[design.Runs.Count, terms.Count + 1];
        for (var i = 0; i < design.Runs.Count; i++)
            x[i, 0] = 1;
        for (var k = 0; k < terms.Count; k++)
        {
            var column = design.Column(terms[k]);
            for (var i = 0; i < column.Count; i++)
                x[i, k + 1] = column[i];
        }
        return x;
    }

    private static double[,]? Information(double[,] x, double[] weights)
    {
        var k = x.GetLength(1);
        var matrix = new double[k, k];
        for (var i = 0; i < weights.Length; i++)
            for (var a = 0; a < k; a++)
                for (var b = 0; b < k; b++)
                    matrix[a, b] += weights[i] * x[i, a] * x[i, b];
        return LinearSystem.Cholesky(matrix);
    }

    private static double[] Score(double[,] x, double[] values)
    {
        var score = new double[x.GetLength(1)];
        for (var i = 0; i < values.Length; i++)
            for (var a = 0; a < score.Length; a++)
                score[a] += x[i, a] * values[i];
        return score;
    }

    private static double Fitted(double[,] x, double[] beta, int run)
    {
        var sum = 0.0;
        for (var k = 0; k < beta.Length; k++)
            sum += x[run, k] * beta[k];
        return sum;
    }
}
