using System.Net;
using System.Net.Sockets;
using CroPlatform.Local.Data;

namespace CroPlatform.Local.Tests;

public sealed class PortsTests
{
    private static readonly Dictionary<string, int> Last = new() { ["redis"] = 21_000, ["postgres"] = 21_001, ["gone"] = 21_002 };

    [Test]
    public void Choose_WhatIsStillFree_KeepsItsPort()
    {
        var ports = Ports.Choose(Last, ["redis", "postgres"], (_, _) => true, _ => true, new Random(1));
        Assert.That(ports, Is.EqualTo(new Dictionary<string, int> { ["postgres"] = 21_001, ["redis"] = 21_000 }));
    }

    [Test]
    public void Choose_WhatIsTaken_GetsAnotherThatNobodyHasOrHad()
    {
        var ports = Ports.Choose(Last, ["redis", "postgres"], (name, _) => name != "redis", _ => true, new Random(1));
        Assert.That(ports["postgres"], Is.EqualTo(21_001));
        Assert.That(ports["redis"], Is.InRange(20_000, 31_999).And.Not.AnyOf(21_000, 21_001, 21_002));
    }

    [Test]
    public void Choose_ManyNew_AreDistinctAndFree()
    {
        var names = Enumerable.Range(0, 200).Select(i => $"s{i}").ToList();
        var ports = Ports.Choose(Last, names, (_, _) => true, port => port % 2 == 0, new Random(2));
        Assert.That(ports.Values, Is.Unique);
        Assert.That(ports.Values, Has.All.Matches<int>(port => port % 2 == 0));
        Assert.That(ports.Keys, Is.EquivalentTo(names));
    }

    [Test]
    public void Choose_TwoThatRememberTheSamePort_DoNotShareIt()
    {
        var ports = Ports.Choose(new Dictionary<string, int> { ["a"] = 21_000, ["b"] = 21_000 }, ["a", "b"], (_, _) => true, _ => true, new Random(3));
        Assert.That(ports["a"], Is.Not.EqualTo(ports["b"]));
    }

    [Test]
    public void Choose_NothingIsFree_SaysSo() =>
        Assert.That(() => Ports.Choose(Last, ["new"], (_, _) => true, _ => false, new Random(4)), Throws.TypeOf<FailureException>());

    [Test]
    public void IsFree_WhileSomeoneListens_IsFalse()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.That(Ports.IsFree(port), Is.False);
        listener.Stop();
        Assert.That(Ports.IsFree(port), Is.True);
    }
}
