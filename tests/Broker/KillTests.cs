namespace CroPlatform.Broker.Tests;

/// <summary>SIGKILL under load. A few here; <c>./cro bench broker kills</c> does a hundred.</summary>
public sealed class KillTests
{
    [Test]
    public async Task Broker_KilledUnderLoad_LosesNothingAndDoublesNothing()
    {
        const int Kills = 5;
        using var broker = new BrokerProcess(Path.Combine(AppContext.BaseDirectory, "CroPlatform.Broker.dll"), new Dictionary<string, string> { ["Broker__SegmentBytes"] = "200000" });
        var result = await new KillRun(broker, Kills, seed: 1).RunAsync();
        Assert.That(result.Faults, Is.Empty);
        Assert.That(result.Acknowledged, Is.GreaterThan(Kills));
        Assert.That(result.Found, Is.EqualTo(result.Acknowledged), "everything was flushed, so all that is there was acknowledged");
    }
}
