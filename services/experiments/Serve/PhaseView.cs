using System.Text.Json;
using CroPlatform.Experimentation;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>A phase as the API shows it.</summary>
/// <param name="Weights">By the keys of the variants.</param>
/// <param name="Periods">When it ran.</param>
internal sealed record PhaseView(
    int Index, IReadOnlyDictionary<string, double> Weights, double Coverage, string Seed, JsonElement? Targeting, IReadOnlyList<PeriodView> Periods)
{
    public static PhaseView Of(Experiment experiment, Phase phase) => new(
        phase.Index,
        experiment.Variants.Zip(phase.Weights).ToDictionary(v => v.First.Key, v => v.Second),
        phase.Coverage,
        phase.Seed,
        Json(phase.TargetingJson),
        [.. phase.Periods.Select(p => new PeriodView(Time(p.FromMs), p.ToMs == 0 ? null : Time(p.ToMs)))]);

    public static JsonElement? Json(ReadOnlyMemory<byte> json) => json.IsEmpty ? null : JsonSerializer.Deserialize<JsonElement>(json.Span);

    private static DateTimeOffset Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);
}

/// <param name="To">Null while it is open.</param>
internal sealed record PeriodView(DateTimeOffset From, DateTimeOffset? To);

/// <param name="Share">0 to 1, of all units.</param>
internal sealed record ServedView(string Variant, double Share);
