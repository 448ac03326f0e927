using System.Numerics;

namespace CroPlatform.Statistics.Aggregates;

/// <summary>Integers to double with a single rounding.</summary>
internal static class ExactRatio
{
    /// <summary>numerator / denominator (positive), to the last bit or the one before it.</summary>
    public static double Of(BigInteger numerator, BigInteger denominator)
    {
        // Scale both to 64 bits of quotient before the only conversion: BigInteger to double truncates.
        var shift = 64 - (int)(BigInteger.Abs(numerator).GetBitLength() - denominator.GetBitLength());
        var quotient = shift >= 0 ? (numerator << shift) / denominator : numerator / (denominator << -shift);
        return Math.ScaleB((double)(Int128)quotient, -shift);
    }

    /// <summary>(nΣxy − ΣxΣy) / (n(n−1)·scale²).</summary>
    public static Computed<double> Covariance(long n, Int128 sumX, Int128 sumY, Int128 sumXY, long scale)
    {
        if (n < 2)
            return NotComputable.TooFewUnits("A variance needs at least two units.");
        var numerator = n * (BigInteger)sumXY - (BigInteger)sumX * sumY;
        return Of(numerator, (BigInteger)n * (n - 1) * ((BigInteger)scale * scale));
    }
}
