namespace CroPlatform.Services.Statistics.Fold;

/// <summary>What became of a site's accepted ids: each is counted, held or quarantined; further copies are deduplicated.</summary>
internal sealed record Balance(long Counted, long Held, long Quarantined, long Deduplicated)
{
    public static readonly Balance Zero = new(0, 0, 0, 0);
}
