using CroPlatform.Experimentation;
using CroPlatform.Services.Tests.Statistics;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// A/A experiments judged every hour of two weeks, and the same with a planted effect. Arguments: <c>experiments=</c> (500), <c>seed=</c>. The verdict is
/// the service's own; traffic is drawn here, without the way through gateway and log. Exits with 1 if a gate fails.
/// </summary>
internal static class AaBench
{
    public static int Run(string[] words)
    {
        var settings = new Settings(words, ("experiments", 500), ("seed", 1));
        var experiments = settings["experiments"];
        Console.WriteLine($"aa: {settings}");
        Console.WriteLine();
        Console.WriteLine("| experiments | nominal | measured | Monte-Carlo s.e. | gate |");
        Console.WriteLine("|---|---|---|---|---|");
        var ok = true;
        foreach (var method in (ReadOnlySpan<DecisionMethod>)[DecisionMethod.AlwaysValid, DecisionMethod.GroupSequential, DecisionMethod.Fixed, DecisionMethod.Bayesian])
        {
            var name = DecisionNames.NameOf(method);
            // Posterior probabilities keep no error rate.
            var gate = method == DecisionMethod.Bayesian ? Statistics.Report.Gate.None : Statistics.Report.Gate.NotAbove;
            ok &= Statistics.Report.Line($"{name}, equal arms: a verdict at any hour", AaSimulation.Alpha, AaSimulation.Run(method, experiments, 0, settings["seed"]).Verdicts, experiments, gate);
            var (nominal, planted) = method switch
            {
                DecisionMethod.Fixed => (0.8, Statistics.Report.Gate.NotBelow),
                DecisionMethod.GroupSequential => (0.78, Statistics.Report.Gate.NotBelow),
                _ => (0.8, Statistics.Report.Gate.None),
            };
            ok &= Statistics.Report.Line($"{name}, +10 % of 10 %: it wins", nominal, AaSimulation.Run(method, experiments, 0.1, settings["seed"]).Winners, experiments, planted);
        }

        return ok ? 0 : 1;
    }
}
