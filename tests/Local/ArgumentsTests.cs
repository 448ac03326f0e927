namespace CroPlatform.Local.Tests;

public sealed class ArgumentsTests
{
    [Test]
    public void Option_InEitherSpelling_GivesItsValue()
    {
        Assert.That(new Arguments(["--data", "a b", "x"]).Option("--data"), Is.EqualTo("a b"));
        Assert.That(new Arguments(["x", "--data=a=b"]).Option("--data"), Is.EqualTo("a=b"));
        Assert.That(new Arguments(["x"]).Option("--data"), Is.Null);
    }

    [Test]
    public void Option_WithoutItsValue_IsAnError() =>
        Assert.That(() => new Arguments(["--data"]).Option("--data"), Throws.TypeOf<UsageException>());

    [TestCase("-1")]
    [TestCase("65536")]
    [TestCase("http")]
    [TestCase("")]
    public void Number_OutOfBounds_IsAnErrorThatNamesTheBounds(string value) =>
        Assert.That(() => new Arguments(["--port", value]).Number("--port", 0, 65_535), Throws.TypeOf<UsageException>().With.Message.Contains("0 to 65535"));

    [Test]
    public void Word_AfterOptionsWereTaken_IsTheFirstThatIsNoOption()
    {
        var arguments = new Arguments(["-n", "5", "-f", "redis"]);
        Assert.That(arguments.Number("-n", 1, 10), Is.EqualTo(5));
        Assert.That(arguments.Flag("-f"), Is.True);
        Assert.That(arguments.Word(), Is.EqualTo("redis"));
        Assert.That(arguments.End, Throws.Nothing);
    }

    [Test]
    public void End_WithSomethingLeft_NamesIt() =>
        Assert.That(new Arguments(["--prot", "1"]).End, Throws.TypeOf<UsageException>().With.Message.Contains("--prot"));
}
