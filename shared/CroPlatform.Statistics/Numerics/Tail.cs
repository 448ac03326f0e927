namespace CroPlatform.Statistics.Numerics;

/// <summary>A tail probability with its natural logarithm, which stays right where the probability underflows.</summary>
public readonly record struct Tail(double P, double LogP)
{
    internal static Tail FromLog(double logP) => new(Math.Min(1, Math.Exp(logP)), Math.Min(0, logP));

    internal static Tail From(double p) => new(p, Math.Log(p));

    internal Tail Complement() => P < 0.5 ? new(1 - P, Log1P.Of(-P)) : new(-Log1P.ExpM1(LogP), Log1P.OneMinusExp(LogP));

    /// <summary>Twice a one-sided tail, at most 1.</summary>
    internal Tail Doubled() => P >= 0.5 ? new(1, 0) : new(2 * P, LogP + Math.Log(2));
}
