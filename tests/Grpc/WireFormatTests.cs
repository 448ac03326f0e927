using CroPlatform.Grpc.Wire;
using FsCheck;
using FsCheck.Fluent;
using Grpc.Core;

namespace CroPlatform.Grpc.Tests;

public sealed class WireFormatTests
{
    [Test]
    public void Message_AnyText_ComesBackAndTravelsAsPrintableAscii() => Prop.ForAll<string?>(text =>
    {
        // Lone surrogates cannot be written as UTF-8 and come back as U+FFFD.
        var message = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text ?? ""));
        var encoded = WireFormat.EncodeMessage(text ?? "");
        return encoded.All(c => c is >= ' ' and <= '~') && WireFormat.DecodeMessage(encoded) == message;
    }).QuickCheckThrowOnFailure();

    [TestCase("100%", "100%")]
    [TestCase("%zz%4", "%zz%4")]
    [TestCase("a%20b%2", "a b%2")]
    public void DecodeMessage_BrokenEscapes_StayAsTheyAre(string encoded, string expected) =>
        Assert.That(WireFormat.DecodeMessage(encoded), Is.EqualTo(expected));

    [TestCase(-5, "0u")]
    [TestCase(0, "0u")]
    [TestCase(1, "1u")]
    [TestCase(3_000_000, "300000u")]
    [TestCase(999_999_990, "99999999u")]
    [TestCase(999_999_991, "100000m")]
    public void FormatTimeout_Ticks_AreRoundedUpToTheFinestUnit(long ticks, string expected) =>
        Assert.That(WireFormat.FormatTimeout(TimeSpan.FromTicks(ticks)), Is.EqualTo(expected));

    [Test]
    public void FormatTimeout_LongestSpan_IsStillATimeout() =>
        Assert.That(WireFormat.TryParseTimeout(WireFormat.FormatTimeout(TimeSpan.MaxValue), out _), Is.True);

    [Test]
    public void Timeout_AnyDuration_ComesBackNeverShorterAndWithinAUnit() => Prop.ForAll<long>(ticks =>
    {
        var timeout = TimeSpan.FromTicks(Math.Abs(ticks % TimeSpan.TicksPerDay));
        return WireFormat.TryParseTimeout(WireFormat.FormatTimeout(timeout), out var parsed)
            && parsed >= timeout
            && parsed - timeout < TimeSpan.FromMilliseconds(1);
    }).QuickCheckThrowOnFailure();

    [TestCase("1H", 3_600_000)]
    [TestCase("2M", 120_000)]
    [TestCase("3S", 3_000)]
    [TestCase("4m", 4)]
    [TestCase("5000u", 5)]
    [TestCase("6000000n", 6)]
    public void TryParseTimeout_EachUnit_IsUnderstood(string text, int milliseconds)
    {
        Assert.That(WireFormat.TryParseTimeout(text, out var timeout), Is.True);
        Assert.That(timeout, Is.EqualTo(TimeSpan.FromMilliseconds(milliseconds)));
    }

    [TestCase("")]
    [TestCase("S")]
    [TestCase("1")]
    [TestCase("1 S")]
    [TestCase("+1S")]
    [TestCase("1s")]
    [TestCase("123456789S")]
    public void TryParseTimeout_OtherText_IsRefused(string text) =>
        Assert.That(WireFormat.TryParseTimeout(text, out _), Is.False);

    [Test]
    public void BinaryHeader_AnyBytes_ComeBackPaddedOrNot() => Prop.ForAll<byte[], bool>((bytes, padded) =>
    {
        var text = WireFormat.HeaderValue(new Metadata.Entry("x-bin", bytes));
        if (padded)
            text = text.PadRight((text.Length + 3) / 4 * 4, '=');
        var received = new Metadata();
        WireFormat.TryAddReceived(received, "X-Bin", text);
        return received.GetValueBytes("x-bin")!.AsSpan().SequenceEqual(bytes);
    }).QuickCheckThrowOnFailure();

    [Test]
    public void BinaryHeader_SeveralValuesInOne_BecomeSeveralEntries()
    {
        var received = new Metadata();
        WireFormat.TryAddReceived(received, "x-bin", "AQ==, AgM");
        Assert.That(received.GetAll("x-bin").Select(entry => entry.ValueBytes), Is.EqualTo(new[] { new byte[] { 1 }, [2, 3] }));
    }
}
