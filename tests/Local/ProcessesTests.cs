using CroPlatform.Local.Data;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Tests;

/// <summary>The supervisor with real processes: a shell that does nothing stands for a service.</summary>
public sealed class ProcessesTests
{
    private DataFolder _data = null!;
    private PidFiles _pids = null!;
    private Processes _processes = null!;

    [SetUp]
    public void MakeFolder()
    {
        _data = DataFolder.Temporary("tests");
        _pids = new PidFiles(_data);
        _processes = new Processes(_data, _pids, new Progress(TextWriter.Null));
    }

    [TearDown]
    public async Task EndAll()
    {
        foreach (var name in _pids.Names())
            await _processes.KillAsync(name, CancellationToken.None);
        _data.Delete();
    }

    [Test]
    public async Task Ensure_TwiceWithTheSameSpec_LeavesTheProcessAlone()
    {
        await _processes.EnsureAsync(Sleeper(), CancellationToken.None);
        var first = _pids.Alive("sleeper");
        await _processes.EnsureAsync(Sleeper(), CancellationToken.None);
        Assert.That(first, Is.Not.Null);
        Assert.That(_pids.Alive("sleeper"), Is.EqualTo(first));
    }

    [Test]
    public async Task Ensure_WithOtherSettings_RestartsIt()
    {
        await _processes.EnsureAsync(Sleeper(), CancellationToken.None);
        var first = _pids.Alive("sleeper")!;
        await _processes.EnsureAsync(Sleeper("other"), CancellationToken.None);
        Assert.That(first.IsAlive, Is.False);
        Assert.That(_pids.Alive("sleeper"), Is.Not.Null.And.Not.EqualTo(first));
    }

    [Test]
    public async Task Ensure_AfterItWasKilled_StartsItAgain()
    {
        await _processes.EnsureAsync(Sleeper(), CancellationToken.None);
        await _processes.KillAsync("sleeper", CancellationToken.None);
        Assert.That(_pids.Alive("sleeper"), Is.Null);
        await _processes.EnsureAsync(Sleeper(), CancellationToken.None);
        Assert.That(_pids.Alive("sleeper"), Is.Not.Null);
    }

    [Test]
    public void Ensure_OneThatEndsWhileStarting_ShowsTheEndOfItsLog()
    {
        var component = Sleeper() with
        {
            Spec = new ProcessSpec { Command = ["sh", "-c", "echo no such luck; exit 3"] },
            Probe = _ => Task.FromResult<string?>("nothing yet"),
        };
        Assert.That(() => _processes.EnsureAsync(component, CancellationToken.None), Throws.TypeOf<FailureException>().With.Message.Contains("no such luck"));
    }

    [Test]
    public void Ensure_OneThatIsNeverReady_SaysWhatItLacks()
    {
        var component = Sleeper() with { Probe = _ => Task.FromResult<string?>("no catalog"), StartLimit = TimeSpan.Zero };
        Assert.That(() => _processes.EnsureAsync(component, CancellationToken.None), Throws.TypeOf<FailureException>().With.Message.Contains("no catalog"));
    }

    [Test]
    public async Task Stop_EndsItAndForgetsIt()
    {
        await _processes.EnsureAsync(Sleeper(), CancellationToken.None);
        var process = _pids.Alive("sleeper")!;
        await _processes.StopAsync("sleeper", CancellationToken.None);
        Assert.That(process.IsAlive, Is.False);
        Assert.That(_pids.Names(), Is.Empty);
    }

    [Test]
    public async Task Ensure_WhatIsOpenHere_IsNotHeldByIt()
    {
        await _processes.EnsureAsync(Sleeper(), CancellationToken.None);
        var process = _pids.Alive("sleeper")!;
        var files = Path.Combine("/proc", process.Pid.ToString(), "fd");
        Assert.That(
            () => Directory.EnumerateFileSystemEntries(files).Select(file => Path.GetFileName(file)),
            Is.EquivalentTo(["0", "1", "2"]).After(10_000, 20),
            "nothing but the standard streams");
        Assert.That(File.ResolveLinkTarget(Path.Combine(files, "1"), false)!.FullName, Is.EqualTo(_data.Log("sleeper")));
    }

    private static Component Sleeper(string setting = "one") => new()
    {
        Name = "sleeper",
        Address = () => "nowhere",
        Probe = _ => Task.FromResult<string?>(null),
        Spec = new ProcessSpec { Command = ["sleep", "600"], Environment = new Dictionary<string, string> { ["SETTING"] = setting } },
    };
}
