namespace CroPlatform.Statistics.Bayesian;

/// <summary>Panels over the union of several posteriors, as fine as the narrowest that is there.</summary>
internal static class PosteriorPanels
{
    public const int Order = 10;

    /// <summary>Ascending ends of panels.</summary>
    public static List<double> Of(IReadOnlyList<Posterior> arms)
    {
        var curves = arms.Select(a => a.Curve).ToArray();
        var starts = curves.Select(c => c.Low).Concat(curves.Select(c => c.High)).Order().ToArray();
        // the product of many arms is sharper than any one of them
        var scales = arms.Count <= 4 ? 2.2 : 1.4;
        var ends = new List<double> { starts[0] };
        var u = starts[0];
        while (u < starts[^1])
        {
            var width = double.PositiveInfinity;
            foreach (var curve in curves)
            {
                if (curve.Low <= u && u < curve.High)
                    width = Math.Min(width, scales * curve.Scale);
            }
            var next = u + width;
            foreach (var start in starts)
            {
                // 1e-9: a sliver narrower than that carries nothing
                if (start > u + 1e-9 * width && start < next)
                    next = start;
            }
            if (double.IsInfinity(next))
                next = starts.First(start => start > u);
            if (!(next > u))
                break;
            ends.Add(next);
            u = next;
        }
        return ends;
    }
}
