using MassTransit;
using MassTransit.Mediator;

namespace CroPlatform.Commands;

/// <summary>Raises commands on a state machine within this process, one call at a time: when <see cref="SendAsync"/> returns, the instance has moved.</summary>
public sealed class StateMachineSender<TInstance>
    where TInstance : class, SagaStateMachineInstance
{
    private readonly MassTransitStateMachine<TInstance> _machine;
    private readonly IMediator _mediator;

    public StateMachineSender(MassTransitStateMachine<TInstance> machine)
    {
        _machine = machine;
        _mediator = Bus.Factory.CreateMediator(configure => configure.StateMachineSaga(machine, new GivenInstances<TInstance>()));
    }

    /// <summary>Every state that the machine declares, without MassTransit's own beginning and end, which instances of ours never are in.</summary>
    public IEnumerable<string> States => _machine.States.Where(s => s != _machine.Initial && s != _machine.Final).Select(s => s.Name);

    /// <summary>The names of the events that an instance in this state takes.</summary>
    public IReadOnlyList<string> Allowed(string state) =>
        [.. _machine.NextEvents(_machine.GetState(state)).Select(e => e.Name).Where(n => !n.Contains('.', StringComparison.Ordinal))];

    /// <exception cref="NotAcceptedStateMachineException">The state does not take this command; nothing has changed.</exception>
    public Task SendAsync(ICommandTo<TInstance> command) => _mediator.Send((object)command);
}
