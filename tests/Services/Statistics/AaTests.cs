using CroPlatform.Experimentation;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Looked at every hour, equal arms are not told apart more often than promised, and a planted effect is found.</summary>
public sealed class AaTests
{
    private const int Experiments = 40;

    [TestCase(DecisionMethod.AlwaysValid)]
    [TestCase(DecisionMethod.GroupSequential)]
    [TestCase(DecisionMethod.Fixed)]
    public void EqualArms_JudgedEveryHour_AreSeldomToldApart(DecisionMethod method)
    {
        var (verdicts, _) = AaSimulation.Run(method, Experiments, effect: 0, seed: 1);
        var error = Math.Sqrt(AaSimulation.Alpha * (1 - AaSimulation.Alpha) / Experiments);
        Assert.That(verdicts / (double)Experiments, Is.LessThanOrEqualTo(AaSimulation.Alpha + 3 * error), $"{verdicts} of {Experiments}");
    }

    [TestCase(DecisionMethod.Fixed, 0.8)]
    [TestCase(DecisionMethod.GroupSequential, 0.78)]
    public void PlantedEffect_WithTheUnitsPlanned_IsFoundAtTheDesignedPower(DecisionMethod method, double power)
    {
        var (_, winners) = AaSimulation.Run(method, Experiments, effect: 0.1, seed: 1);
        Assert.That(winners / (double)Experiments, Is.GreaterThanOrEqualTo(power - 3 * Math.Sqrt(power * (1 - power) / Experiments)), $"{winners} of {Experiments}");
    }
}
