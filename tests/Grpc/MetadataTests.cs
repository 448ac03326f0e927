using Grpc.Core;

namespace CroPlatform.Grpc.Tests;

public sealed class MetadataTests
{
    [Test]
    public void Add_MixedCaseKey_IsFoundInAnyCase()
    {
        var metadata = new Metadata { { "X-Key", "1" }, { "x-key", "2" } };
        Assert.That(metadata.GetValue("x-KEY"), Is.EqualTo("2"), "the last one");
        Assert.That(metadata.GetAll("x-key").Select(entry => entry.Value), Is.EqualTo(new[] { "1", "2" }));
        Assert.That(metadata.GetValue("other"), Is.Null);
    }

    [TestCase("")]
    [TestCase("a b")]
    [TestCase("ключ")]
    [TestCase(":path")]
    [TestCase("x-bin")]
    public void Add_KeyThatCarriesNoText_IsRefused(string key) =>
        Assert.That(() => new Metadata { { key, "x" } }, Throws.ArgumentException);

    [TestCase("a\r\nb: c")]
    [TestCase("ü")]
    [TestCase("\0")]
    public void Add_ValueThatHeadersCannotCarry_IsRefused(string value) =>
        Assert.That(() => new Metadata { { "x", value } }, Throws.ArgumentException);

    [Test]
    public void Add_BytesUnderATextKey_IsRefused() =>
        Assert.That(() => new Metadata { { "x", new byte[] { 1 } } }, Throws.ArgumentException);

    [Test]
    public void Empty_Add_IsRefused() =>
        Assert.That(() => Metadata.Empty.Add("x", "y"), Throws.InvalidOperationException);
}
