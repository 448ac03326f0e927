using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Sequential;

/// <summary>
/// Error spending functions: how much of a one-sided error may be spent up to information time t (0 to 1; all of it from 1 on).
/// </summary>
public sealed class Spending
{
    private readonly Func<double, double, double> _spent;

    private Spending(string name, Func<double, double, double> spent)
    {
        Name = name;
        _spent = spent;
    }

    public string Name { get; }

    /// <summary>2 − 2Φ(z_{α/2}/√t): hardly anything early. Source: Lan, DeMets, Biometrika 70 (1983).</summary>
    public static Spending OBrienFleming { get; } =
        new("O'Brien-Fleming type", (t, alpha) => 2 * Normal.UpperTail(Normal.UpperQuantile(alpha / 2) / Math.Sqrt(t)));

    /// <summary>α ln(1 + (e − 1)t): nearly even. Source: Lan, DeMets (1983).</summary>
    public static Spending Pocock { get; } = new("Pocock type", (t, alpha) => alpha * Log1P.Of((Math.E - 1) * t));

    /// <summary>α(1 − e^−γt)/(1 − e^−γ); γ = −4 is close to O'Brien-Fleming, 1 to Pocock. Source: Hwang, Shih, DeCani, Statistics in Medicine 9 (1990).</summary>
    public static Spending HwangShihDeCani(double gamma) => new(
        $"Hwang-Shih-DeCani({gamma})",
        (t, alpha) => gamma == 0 ? alpha * t : alpha * Log1P.ExpM1(-gamma * t) / Log1P.ExpM1(-gamma));

    /// <summary>αt^ρ, ρ &gt; 0. Source: Kim, DeMets, Biometrika 74 (1987).</summary>
    public static Spending KimDeMets(double rho) => new($"Kim-DeMets({rho})", (t, alpha) => alpha * Math.Pow(t, rho));

    /// <summary>Error spent up to information time t.</summary>
    public double Spent(double t, double alpha) => t <= 0 ? 0 : t >= 1 ? alpha : Math.Clamp(_spent(t, alpha), 0, alpha);
}
