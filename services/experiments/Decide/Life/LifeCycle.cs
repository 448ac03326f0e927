using CroPlatform.Experimentation;
using MassTransit;

namespace CroPlatform.Services.Experiments.Decide.Life;

/// <summary>
/// The life of an experiment. Nothing but this says which command leads from where to where; a state that is entered once the experiment
/// has been started is published as a new version, with the state as its status.
/// </summary>
internal sealed class LifeCycle : MassTransitStateMachine<ExperimentLife>
{
    private const int MaxSteps = 50;

    public LifeCycle()
    {
        InstanceState(life => life.StateName);
        BeforeTheStart();
        WhileItRuns();
        Afterwards();
        WhenEnterAny(entered => entered.Then(context => Enter(context.Saga)));
    }

    public State Draft { get; private set; } = null!;
    public State InReview { get; private set; } = null!;
    public State Scheduled { get; private set; } = null!;
    public State Running { get; private set; } = null!;
    public State Paused { get; private set; } = null!;
    public State Deciding { get; private set; } = null!;
    public State RollingOut { get; private set; } = null!;
    public State Completed { get; private set; } = null!;
    public State RolledBack { get; private set; } = null!;
    public State Archived { get; private set; } = null!;

    public Event<Revise> Revise { get; private set; } = null!;
    public Event<Submit> Submit { get; private set; } = null!;
    public Event<Approve> Approve { get; private set; } = null!;
    public Event<Reject> Reject { get; private set; } = null!;
    public Event<Withdraw> Withdraw { get; private set; } = null!;
    public Event<Schedule> Schedule { get; private set; } = null!;
    public Event<Start> Start { get; private set; } = null!;
    public Event<Pause> Pause { get; private set; } = null!;
    public Event<Resume> Resume { get; private set; } = null!;
    public Event<Change> Change { get; private set; } = null!;
    public Event<FreezeCaps> FreezeCaps { get; private set; } = null!;
    public Event<Decide> Decide { get; private set; } = null!;
    public Event<Stop> Stop { get; private set; } = null!;
    public Event<RollOut> RollOut { get; private set; } = null!;
    public Event<RollBack> RollBack { get; private set; } = null!;
    public Event<Undo> Undo { get; private set; } = null!;
    public Event<Archive> Archive { get; private set; } = null!;

    private void BeforeTheStart()
    {
        During(Draft, Stay(Revise), When(Submit).TransitionTo(InReview));
        During(InReview, Stay(Approve), When(Reject).TransitionTo(Draft));
        During(InReview, Scheduled, When(Withdraw).Then(c => c.Saga.Plan = null).TransitionTo(Draft));
        During(Draft, InReview, Scheduled,
            When(Schedule).Then(c => c.Saga.Plan = c.Message.Plan).TransitionTo(Scheduled),
            When(Start).Then(c => c.Saga.Version = c.Message.First).TransitionTo(Running),
            When(Archive).Then(c => c.Saga.Plan = null).TransitionTo(Archived));
    }

    private void WhileItRuns()
    {
        During(Running, When(Pause).Then(Publish<Pause>(Versions.Pause)).TransitionTo(Paused));
        During(Paused, When(Resume).Then(Publish<Resume>(Versions.Resume)).TransitionTo(Running));
        During(Running, Paused,
            When(Schedule).Then(c => c.Saga.Plan = c.Message.Plan),
            When(Change).Then(c => c.Saga.Version = c.Message.Next),
            When(Decide).Then(Publish<Decide>(Versions.Stop)).TransitionTo(Deciding));
    }

    private void Afterwards()
    {
        // Taken while it ran, a cap may come after its stop.
        During([Running, Paused, Deciding, RollingOut, Completed, RolledBack], When(FreezeCaps).Then(c => c.Saga.Version = c.Message.Next));
        During(Running, Paused, Deciding, When(Stop).Then(Publish<Stop>(Versions.Stop)).TransitionTo(Completed));
        During([Running, Paused, Deciding, RollingOut, Completed],
            Stay(Approve),
            Stay(Reject),
            When(RollOut).Then(c => Serve(c.Saga, c.Message.Served)).IfElse(
                c => c.Message.Served.Share >= 1, toAll => toAll.TransitionTo(Completed), toSome => toSome.TransitionTo(RollingOut)),
            When(RollBack).Then(c => Serve(c.Saga, null)).TransitionTo(RolledBack));
        During(RollingOut, Completed, RolledBack, When(Undo)
            .If(c => StepBefore(c.Saga).Status == "deciding", back => back.TransitionTo(Deciding))
            .If(c => StepBefore(c.Saga).Status == "rolling_out", back => back.TransitionTo(RollingOut))
            .If(c => StepBefore(c.Saga).Status == "completed", back => back.TransitionTo(Completed))
            .Then(c => TakeBack(c.Saga)));
        During(Completed, RolledBack, When(Archive).Then(Publish<Archive>(Versions.Next)).TransitionTo(Archived));
    }

    /// <summary>What has happened is not the machine's; it only allows it.</summary>
    private EventActivityBinder<ExperimentLife, T> Stay<T>(Event<T> command)
        where T : class => When(command).Then(_ => { });

    /// <summary>Who ran or stood still before a step is closed all the same: from there, undoing leads to where it is decided what to do.</summary>
    private static void Serve(ExperimentLife life, Served? served)
    {
        var before = life.Status is "running" or "paused" ? "deciding" : life.Status;
        life.Steps = life.Steps.Add(new Undoable(before, life.Version!.Served));
        if (life.Steps.Count > MaxSteps) life.Steps = life.Steps.RemoveAt(0);
        life.Version = Versions.Serve(life.Version, served, life.NowMs);
        Name(life);
    }

    private static Undoable StepBefore(ExperimentLife life) => life.Steps[^1];

    private static void TakeBack(ExperimentLife life)
    {
        life.Version = Versions.Serve(life.Version!, StepBefore(life).Served, life.NowMs);
        life.Steps = life.Steps.RemoveAt(life.Steps.Count - 1);
        Name(life);
    }

    private static Action<BehaviorContext<ExperimentLife, T>> Publish<T>(Func<Experiment, long, Experiment> next)
        where T : class => context => context.Saga.Version = next(context.Saga.Version!, context.Saga.NowMs);

    private static void Enter(ExperimentLife life)
    {
        life.EnteredMs = life.NowMs;
        Name(life);
    }

    /// <summary>A version says in which state it was published.</summary>
    private static void Name(ExperimentLife life)
    {
        if (life.Version is { } version) life.Version = version with { Status = Enum.Parse<ExperimentStatus>(life.StateName) };
    }
}
