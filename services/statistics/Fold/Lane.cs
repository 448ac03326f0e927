using CroPlatform.Contracts;
using CroPlatform.Postgres;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>
/// Where a partition's rows stand. Visitors are folded from cro.events.v1, all other units from cro.facts.v1, whose partitions come after
/// any that the first can have.
/// </summary>
internal static class Lane
{
    public const int FirstOfFacts = 1_000_000;

    public static int Of(Claim claim) => claim.Topic == Topics.Facts ? FirstOfFacts + claim.Partition : claim.Partition;

    public static bool IsFacts(int lane) => lane >= FirstOfFacts;
}
