using CroPlatform.Commands;
using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Decide.Life;
using FsCheck;
using FsCheck.Fluent;
using MassTransit;
using LifeCycle = CroPlatform.Services.Experiments.Decide.Life.LifeCycle;

namespace CroPlatform.Services.Tests.Experiments;

/// <summary>The state machine against a table of its own: what may follow what, and what is published by it.</summary>
public sealed class LifeCycleTests
{
    private const string Undone = "(undo)";

    /// <summary>From where, by what, to where. A roll-out's share is part of its name.</summary>
    private static readonly (string[] From, string Command, string? To)[] Table =
    [
        (["draft"], "revise", null),
        (["draft"], "submit", "in_review"),
        (["in_review"], "approve", null),
        (["in_review"], "reject", "draft"),
        (["in_review", "scheduled"], "withdraw", "draft"),
        (["draft", "in_review", "scheduled"], "schedule", "scheduled"),
        (["draft", "in_review", "scheduled"], "start", "running"),
        (["draft", "in_review", "scheduled"], "archive", "archived"),
        (["running"], "pause", "paused"),
        (["paused"], "resume", "running"),
        (["running", "paused"], "schedule", null),
        (["running", "paused"], "change", null),
        (["running", "paused", "deciding", "rolling_out", "completed", "rolled_back"], "freeze-caps", null),
        (["running", "paused"], "decide", "deciding"),
        (["running", "paused", "deciding"], "stop", "completed"),
        (["running", "paused", "deciding", "rolling_out", "completed"], "approve", null),
        (["running", "paused", "deciding", "rolling_out", "completed"], "reject", null),
        (["running", "paused", "deciding", "rolling_out", "completed"], "roll-out some", "rolling_out"),
        (["running", "paused", "deciding", "rolling_out", "completed"], "roll-out all", "completed"),
        (["running", "paused", "deciding", "rolling_out", "completed"], "roll-back", "rolled_back"),
        (["rolling_out", "completed", "rolled_back"], "undo", Undone),
        (["completed", "rolled_back"], "archive", "archived"),
    ];

    private static readonly string[] Commands = [.. Table.Select(t => t.Command).Distinct()];
    private static readonly string[] Published = ["start", "pause", "resume", "change", "freeze-caps", "decide", "stop", "roll-out some", "roll-out all", "roll-back", "undo"];
    private static readonly StateMachineSender<ExperimentLife> Machine = new(new LifeCycle());
    private static readonly Experiment First = Drafts.Started();

    [Test]
    public void States_AreThoseOfTheList() => Assert.That(
        Machine.States.Select(s => new ExperimentLife { CorrelationId = default, Status = "draft", NowMs = 0, StateName = s }.Status),
        Is.EquivalentTo((string[])["draft", "in_review", "scheduled", "running", "paused", "deciding", "rolling_out", "completed", "rolled_back", "archived"]));

    [Test]
    public void Statuses_OfPublishedVersions_AreNamedLikeTheirStates() => Assert.That(
        Enum.GetValues<ExperimentStatus>().Select(s => (ExperimentStatuses.NameOf(s), new ExperimentLife { CorrelationId = default, Status = ExperimentStatuses.NameOf(s), NowMs = 0 }.StateName)),
        Is.EqualTo(Enum.GetValues<ExperimentStatus>().Select(s => (System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(s.ToString()), s.ToString()))));

    [Test]
    public void AnySequenceOfCommands_FollowsTheTable() => Prop.ForAll(
        Gen.Elements(Commands).ListOf(40).ToArbitrary(), commands =>
        {
            var life = Life("draft");
            for (var i = 0; i < commands.Count; i++) life = Step(life, commands[i], 10_000 + i);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void EveryCommand_InEveryStateThatCanBeReached_FollowsTheTable()
    {
        string[][] ways =
        [
            [], ["submit"], ["schedule"], ["start"], ["start", "pause"], ["start", "decide"], ["start", "roll-out some"], ["start", "stop"],
            ["start", "roll-out all"], ["start", "roll-back"], ["start", "pause", "roll-back"], ["archive"], ["start", "stop", "archive"],
        ];
        foreach (var way in ways)
        {
            foreach (var command in Commands)
            {
                var life = way.Aggregate(Life("draft"), (l, c) => Step(l, c, 20_000));
                Step(life, command, 30_000);
            }
        }
    }

    [Test]
    public void RollOut_StepByStepThenBackThenUndone_ServesWhatItSays()
    {
        var life = Life("draft");
        (string Command, string Status, double? Share)[] steps =
        [
            ("start", "running", null), ("roll-out some", "rolling_out", 0.1), ("roll-out all", "completed", 1), ("roll-back", "rolled_back", null),
            ("undo", "completed", 1), ("undo", "rolling_out", 0.1), ("undo", "deciding", null), ("stop", "completed", null),
        ];
        var stoppedMs = new HashSet<long>();
        for (var i = 0; i < steps.Length; i++)
        {
            life = Step(life, steps[i].Command, 10_000 + i);
            Assert.That((life.Status, life.Version!.Served?.Share), Is.EqualTo((steps[i].Status, steps[i].Share)), steps[i].Command);
            if (i > 0) stoppedMs.Add(life.Version.StoppedMs);
        }

        Assert.That(stoppedMs, Is.EqualTo(new[] { 10_001L }), "it is stopped once, with the first step");
        Assert.That(life.Version!.CurrentPhase.Periods[^1].ToMs, Is.EqualTo(10_001), "and takes no unit afterwards");
    }

    /// <summary>One command, compared with the table.</summary>
    private static ExperimentLife Step(ExperimentLife before, string name, long nowMs)
    {
        var life = new ExperimentLife
        {
            CorrelationId = before.CorrelationId,
            Status = before.Status,
            NowMs = nowMs,
            EnteredMs = before.EnteredMs,
            Version = before.Version,
            Plan = before.Plan,
            Steps = before.Steps,
        };
        var row = Table.FirstOrDefault(t => t.Command == name && t.From.Contains(before.Status));
        if (row.Command is null)
        {
            Assert.That(async () => await SendAsync(life, name), Throws.InstanceOf<NotAcceptedStateMachineException>(), $"{before.Status} takes no {name}");
            Assert.That((life.Status, life.EnteredMs, life.Version), Is.EqualTo((before.Status, before.EnteredMs, before.Version)));
            return before;
        }

        // The command's own check refuses these before the machine is asked.
        if (name == "undo" && before.Steps.IsEmpty) return before;
        var wire = before.Version?.ToWire().Clone();
        SendAsync(life, name).GetAwaiter().GetResult();
        var expected = row.To switch { null => before.Status, Undone => before.Steps[^1].Status, var to => to };
        Assert.That(life.Status, Is.EqualTo(expected), $"{before.Status} {name}");
        if (expected != before.Status) Assert.That(life.EnteredMs, Is.EqualTo(nowMs));
        Assert.That(before.Version?.ToWire(), Is.EqualTo(wire), "a published version never changes");
        var isPublished = Published.Contains(name) || (name == "archive" && before.Version is not null);
        Assert.That(life.Version?.Version ?? 0, Is.EqualTo((before.Version?.Version ?? 0) + (isPublished ? 1 : 0)), $"{before.Status} {name}");
        if (!isPublished) return life;
        Assert.That((ExperimentStatuses.NameOf(life.Version!.Status), life.Version.EffectiveMs), Is.EqualTo((life.Status, nowMs)));
        var isOpen = life.Version.CurrentPhase.Periods is [.., { ToMs: 0 }];
        Assert.That((isOpen, life.Version.StoppedMs == 0), Is.EqualTo((life.Status == "running", life.Status is "running" or "paused")), "only one that runs takes units");
        return life;
    }

    private static Task SendAsync(ExperimentLife life, string name) => Machine.SendAsync(name switch
    {
        "revise" => new Revise(life),
        "submit" => new Submit(life),
        "approve" => new Approve(life),
        "reject" => new Reject(life),
        "withdraw" => new Withdraw(life),
        "schedule" => new Services.Experiments.Decide.Life.Schedule(life, new Plan(null, "2030-01-01T00:00", "UTC", null, DateTimeOffset.UnixEpoch)),
        "start" => new Start(life, First with { EffectiveMs = life.NowMs }),
        "pause" => new Pause(life),
        "resume" => new Resume(life),
        "change" => new Change(life, Versions.Next(life.Version ?? First, life.NowMs)),
        "freeze-caps" => new FreezeCaps(life, Versions.Next(life.Version ?? First, life.NowMs)),
        "decide" => new Services.Experiments.Decide.Life.Decide(life),
        "stop" => new Stop(life),
        "roll-out some" => new RollOut(life, new Served("treatment", 0.1)),
        "roll-out all" => new RollOut(life, new Served("treatment", 1)),
        "roll-back" => new RollBack(life),
        "undo" => new Undo(life),
        "archive" => new Archive(life),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no command"),
    });

    private static ExperimentLife Life(string status) => new() { CorrelationId = Guid.CreateVersion7(), Status = status, NowMs = 0 };
}
