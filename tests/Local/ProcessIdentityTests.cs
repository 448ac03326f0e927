using CroPlatform.Local.Data;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Tests;

public sealed class ProcessIdentityTests
{
    private static readonly string Fields = string.Join(' ', Enumerable.Range(4, 18)) + " 987654 23 24";

    [TestCase("(redis-server) S")]
    [TestCase("(a) b) (c) R")]
    [TestCase("(two words) D")]
    public void ParseStart_WhateverTheProgramIsCalled_IsField22(string nameAndState) =>
        Assert.That(ProcessIdentity.ParseStart($"42 {nameAndState} {Fields}"), Is.EqualTo(987_654));

    [TestCase("Z")]
    [TestCase("X")]
    public void ParseStart_OfAnEndedProcess_IsNothing(string state) =>
        Assert.That(ProcessIdentity.ParseStart($"42 (postgres) {state} {Fields}"), Is.Null);

    [Test]
    public void ParseStart_OfHalfALine_IsNothing() => Assert.That(ProcessIdentity.ParseStart("42 (postgres) S 1 2"), Is.Null);

    [Test]
    public void Parse_OfWhatWriteWrote_IsTheSame()
    {
        var identity = new ProcessIdentity(42, 1_234, "boot", "0123456789abcdef");
        Assert.That(ProcessIdentity.Parse(identity.Write()), Is.EqualTo(identity));
    }

    [TestCase("")]
    [TestCase("42\n")]
    [TestCase("x\n1\nboot\nprint\n")]
    public void Parse_OfAnythingElse_IsNothing(string text) => Assert.That(ProcessIdentity.Parse(text), Is.Null);

    [Test]
    public void IsAlive_ThisProcess_UntilTheStartOrTheBootIsAnother()
    {
        var own = ProcessIdentity.Of(Environment.ProcessId, "x")!;
        Assert.That(own.IsAlive, Is.True);
        Assert.That((own with { StartTicks = own.StartTicks + 1 }).IsAlive, Is.False, "the number was given out again");
        Assert.That((own with { Boot = "another" }).IsAlive, Is.False);
        Assert.That(own.StartedAt, Is.EqualTo(DateTimeOffset.Now).Within(TimeSpan.FromHours(12)));
    }

    [Test]
    public void PidFiles_AFileOfAProcessThatEnded_CountsForNothing()
    {
        var data = DataFolder.Temporary("tests");
        try
        {
            var pids = new PidFiles(data);
            var own = ProcessIdentity.Of(Environment.ProcessId, "x")!;
            pids.Write("running", own);
            pids.Write("ended", own with { StartTicks = 1 });
            Assert.That(pids.Alive("running"), Is.EqualTo(own));
            Assert.That(pids.Alive("ended"), Is.Null);
            Assert.That(pids.Alive("never"), Is.Null);
            Assert.That(pids.Names(), Is.EquivalentTo(["running", "ended"]));
        }
        finally
        {
            data.Delete();
        }
    }
}
