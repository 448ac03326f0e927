using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>A row of the table experiments, as Dapper reads it.</summary>
internal sealed record ExperimentRow
{
    public required Guid Id { get; init; }
    public required string Key { get; init; }
    public required string Definition { get; init; }
    public required string Status { get; init; }
    public byte[]? Record { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; init; }
    public DateTime? StoppedAt { get; init; }
    public long Revision { get; init; }
    public int DefinitionRevision { get; init; }
    public DateTime EnteredAt { get; init; }
    public string? CreatedBy { get; init; }
    public string? EditedBy { get; init; }
    public string? Plan { get; init; }
    public required string Steps { get; init; }

    public StoredExperiment ToStored() => new(
        Key,
        JsonSerializer.Deserialize<ExperimentRequest>(Definition, JsonBody.Options)!,
        Status,
        Record is null ? null : Contracts.Experiments.Experiment.Parser.ParseFrom(Record).ToModel(),
        Utc(CreatedAt),
        StartedAt is { } started ? Utc(started) : null,
        StoppedAt is { } stopped ? Utc(stopped) : null)
    {
        Id = Id,
        Revision = Revision,
        DefinitionRevision = DefinitionRevision,
        EnteredAt = Utc(EnteredAt),
        CreatedBy = CreatedBy,
        EditedBy = EditedBy,
        Plan = Plan is null ? null : JsonSerializer.Deserialize<Plan>(Plan, JsonBody.Options),
        Steps = JsonSerializer.Deserialize<ImmutableList<Undoable>>(Steps, JsonBody.Options)!,
    };

    private static DateTimeOffset Utc(DateTime time) => new(time, TimeSpan.Zero);
}
