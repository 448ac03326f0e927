using System.Text.Json;

namespace CroPlatform.Experimentation.Tests;

public sealed class ScaledTests
{
    [TestCase("0.1", 1_000)]
    [TestCase("19.99", 199_900)]
    [TestCase("-2.5", -25_000)]
    [TestCase("1e-4", 1)]
    [TestCase("1e-40", 0)]
    [TestCase("0.00005", 0)]
    [TestCase("0.00015", 2)]
    [TestCase("1000000000", 10_000_000_000_000)]
    public void TryRead_NumberInRange_IsExact(string json, long expected)
    {
        Assert.That(Scaled.TryRead(JsonDocument.Parse(json).RootElement, out var scaled), Is.True);
        Assert.That(scaled, Is.EqualTo(expected));
    }

    [TestCase("1000000001")]
    [TestCase("-1e10")]
    [TestCase("1e400")]
    [TestCase("9223372036854775808000000000000")]
    [TestCase("\"5\"")]
    [TestCase("null")]
    public void TryRead_NoSuchNumber_IsRefused(string json) =>
        Assert.That(Scaled.TryRead(JsonDocument.Parse(json).RootElement, out _), Is.False);
}
