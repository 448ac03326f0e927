using System.Collections.Immutable;
using CroPlatform.Experimentation;
using MassTransit;

namespace CroPlatform.Services.Experiments.Decide.Life;

/// <summary>An experiment as the state machine moves it: a row of the table experiments, loaded, locked and saved by the command's transaction.</summary>
internal sealed class ExperimentLife : SagaStateMachineInstance
{
    public required Guid CorrelationId { get; set; }

    /// <summary>The state in snake case, as it is stored and shown.</summary>
    public required string Status { get; set; }

    /// <summary>The state under the name of the machine's property.</summary>
    public string StateName
    {
        get => string.Concat(Status.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        set => Status = System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value);
    }

    /// <summary>When this command happens, milliseconds since 1970 UTC.</summary>
    public required long NowMs { get; init; }

    /// <summary>When the state was entered.</summary>
    public long EnteredMs { get; set; }

    /// <summary>The last published version; null before the start.</summary>
    public Experiment? Version { get; set; }

    /// <summary>When it is to start and to stop; null: whenever somebody says so.</summary>
    public Plan? Plan { get; set; }

    /// <summary>What <c>undo</c> goes back to, the latest last: one entry for each roll-out step and roll-back.</summary>
    public ImmutableList<Undoable> Steps { get; set; } = [];
}

/// <summary>The state before a roll-out step or a roll-back.</summary>
/// <param name="Status">In snake case.</param>
/// <param name="Served">What was served then; null: the control to everybody.</param>
internal sealed record Undoable(string Status, Served? Served);

/// <summary>When an experiment is to start and to stop.</summary>
/// <param name="Start">As it was asked for: a local time of <paramref name="TimeZone"/>, or one with an offset; null: somebody starts it.</param>
/// <param name="TimeZone">IANA name.</param>
internal sealed record Plan(string? Start, string? End, string TimeZone, DateTimeOffset? StartAt, DateTimeOffset? EndAt);
