namespace CroPlatform.Bench.Statistics;

/// <summary>
/// The statistics library's speed and its simulations: type-I error under peeking, power, coverage. Arguments: `runs=N` (20 000 by default),
/// `seed=N`. Exits with 1 when a gate fails.
/// </summary>
public static class StatisticsBench
{
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var runs = (int)Argument(args, "runs", 20_000);
        var seed = (int)Argument(args, "seed", 20240229);
        Console.WriteLine($"statistics: runs={runs} seed={seed}");
        Console.WriteLine();
        var ok = AnalysisSpeed.Run();
        Console.WriteLine();
        Console.WriteLine("| simulation | nominal | measured | Monte-Carlo s.e. | gate |");
        Console.WriteLine("|---|---|---|---|---|");
        ok &= PeekingSimulation.Run(runs, seed);
        ok &= CoverageSimulation.Run(runs, seed);
        return ok ? 0 : 1;
    }

    private static double Argument(string[] args, string name, double otherwise)
    {
        var found = args.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal));
        return found is null ? otherwise : double.Parse(found[(name.Length + 1)..]);
    }
}

/// <summary>A line of the table and its gate: at most three Monte-Carlo standard errors on the wrong side.</summary>
internal static class Report
{
    public enum Gate
    {
        NotAbove,
        NotBelow,
        Equal,
        None,
    }

    public static bool Line(string name, double nominal, int hits, int runs, Gate gate)
    {
        var measured = (double)hits / runs;
        var error = Math.Sqrt(nominal * (1 - nominal) / runs);
        var ok = gate switch
        {
            Gate.NotAbove => measured <= nominal + 3 * error,
            Gate.NotBelow => measured >= nominal - 3 * error,
            Gate.Equal => Math.Abs(measured - nominal) <= 3 * error,
            _ => true,
        };
        var verdict = gate == Gate.None ? "reported" : ok ? "ok" : "FAILED";
        Console.WriteLine($"| {name} | {nominal:0.0000} | {measured:0.0000} | {error:0.0000} | {verdict} |");
        return ok;
    }
}
