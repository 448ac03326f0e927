using System.Net;
using CroPlatform.Services.Experiments;
using CroPlatform.Services.Experiments.Publish.Webhooks;
using CroPlatform.Services.Experiments.Store.Webhooks;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Tests.Experiments.People;

public sealed class PublicAddressesTests
{
    [TestCase("8.8.8.8", true)]
    [TestCase("172.32.0.1", true)]
    [TestCase("2606:4700::1111", true)]
    [TestCase("::ffff:8.8.8.8", true)]
    [TestCase("0.0.0.0", false)]
    [TestCase("10.255.255.255", false)]
    [TestCase("100.64.0.1", false)]
    [TestCase("127.8.8.8", false)]
    [TestCase("169.254.169.254", false)]
    [TestCase("172.16.0.1", false)]
    [TestCase("172.31.255.255", false)]
    [TestCase("192.168.1.1", false)]
    [TestCase("198.19.255.255", false)]
    [TestCase("224.0.0.1", false)]
    [TestCase("255.255.255.255", false)]
    [TestCase("::", false)]
    [TestCase("::1", false)]
    [TestCase("::ffff:127.0.0.1", false)]
    [TestCase("::ffff:169.254.169.254", false)]
    [TestCase("64:ff9b::a00:1", false)]
    [TestCase("fc00::1", false)]
    [TestCase("fd12:3456::1", false)]
    [TestCase("fe80::1", false)]
    [TestCase("ff02::1", false)]
    [TestCase("2002:0a00:0001::1", false)]
    [TestCase("2001:0:0a00:1::", false)]
    [TestCase("2001:db8::1", false)]
    public void Includes_AnAddress_OnlyIfItIsPublic(string address, bool isPublic) =>
        Assert.That(new PublicAddresses(Options.Create(new WebhookOptions())).Includes(IPAddress.Parse(address)), Is.EqualTo(isPublic));

    [Test]
    public void Includes_AConfiguredNetwork_Only()
    {
        var addresses = new PublicAddresses(Options.Create(new WebhookOptions { AllowedNetworks = ["10.1.0.0/16"] }));
        Assert.That(addresses.Includes(IPAddress.Parse("10.1.2.3")), Is.True);
        Assert.That(addresses.Includes(IPAddress.Parse("::ffff:10.1.2.3")), Is.True);
        Assert.That(addresses.Includes(IPAddress.Parse("10.2.0.1")), Is.False);
    }

    [Test]
    public void Pause_AfterEachFailure_DoublesUpToTheLongest()
    {
        var options = new WebhookOptions();
        Assert.That(Enumerable.Range(1, 5).Select(n => DeliveryQueue.Pause(n, options).TotalSeconds), Is.EqualTo((double[])[5, 10, 20, 40, 80]));
        Assert.That(DeliveryQueue.Pause(16, options), Is.EqualTo(TimeSpan.FromHours(1)));
        Assert.That(DeliveryQueue.Pause(int.MaxValue, options), Is.EqualTo(TimeSpan.FromHours(1)));
    }
}
