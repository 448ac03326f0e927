using CroPlatform.Commands;
using CroPlatform.Experimentation;

namespace CroPlatform.Services.Experiments.Decide.Life;

/// <summary>Something that is to happen to an experiment. What can be checked without the machine has been checked.</summary>
internal abstract record LifeCommand(ExperimentLife Instance) : ICommandTo<ExperimentLife>
{
    public Guid CorrelationId => Instance.CorrelationId;
}

/// <summary>Another definition of a draft.</summary>
internal sealed record Revise(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Submit(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Approve(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Reject(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Withdraw(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Schedule(ExperimentLife Instance, Plan Plan) : LifeCommand(Instance);

/// <param name="First">Its first version.</param>
internal sealed record Start(ExperimentLife Instance, Experiment First) : LifeCommand(Instance);

internal sealed record Pause(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Resume(ExperimentLife Instance) : LifeCommand(Instance);

/// <param name="Next">The version with the new phase, the new metrics, or both.</param>
internal sealed record Change(ExperimentLife Instance, Experiment Next) : LifeCommand(Instance);

/// <summary>The platform's own: nobody asks for it.</summary>
/// <param name="Next">The version in which caps are frozen that were open.</param>
internal sealed record FreezeCaps(ExperimentLife Instance, Experiment Next) : LifeCommand(Instance);

internal sealed record Decide(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Stop(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record RollOut(ExperimentLife Instance, Served Served) : LifeCommand(Instance);

internal sealed record RollBack(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Undo(ExperimentLife Instance) : LifeCommand(Instance);

internal sealed record Archive(ExperimentLife Instance) : LifeCommand(Instance);
