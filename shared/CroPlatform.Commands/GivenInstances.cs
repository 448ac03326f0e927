using MassTransit;
using MassTransit.Saga;

namespace CroPlatform.Commands;

/// <summary>A command to a state machine, with the instance that it is for: who sends it has loaded and locked the instance, and saves it.</summary>
public interface ICommandTo<out TInstance> : CorrelatedBy<Guid>
    where TInstance : class, SagaStateMachineInstance
{
    TInstance Instance { get; }
}

/// <summary>
/// The repository of a machine whose instances travel with their commands. The transaction that changes an instance is the caller's, which also
/// holds what must change with it; a repository that loads and saves by itself would be a transaction of its own.
/// </summary>
internal sealed class GivenInstances<TInstance> : ISagaRepository<TInstance>
    where TInstance : class, SagaStateMachineInstance
{
    public Task Send<T>(ConsumeContext<T> context, ISagaPolicy<TInstance, T> policy, IPipe<SagaConsumeContext<TInstance, T>> next)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        var command = (ICommandTo<TInstance>)context.Message;
        return policy.Existing(new InMemorySagaConsumeContext<TInstance, T>(context, new SagaInstance<TInstance>(command.Instance)), next);
    }

    public Task SendQuery<T>(
        ConsumeContext<T> context, ISagaQuery<TInstance> query, ISagaPolicy<TInstance, T> policy, IPipe<SagaConsumeContext<TInstance, T>> next)
        where T : class => throw new NotSupportedException("commands name their instance; nothing is searched for");

    public void Probe(ProbeContext context) => context?.CreateScope("given");
}
