using System.Text;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Experimentation.Tests;

public sealed class EventFilterTests
{
    /// <summary>Also of more filters than a fact remembers the answers of.</summary>
    [Test]
    public void Filters_AskedAgain_SayTheSame()
    {
        var fact = new Fact(FactId.Of("e"), 1, 1, "purchase", 20_000, null, """{"n": 7}"""u8.ToArray());
        var filters = Enumerable.Range(0, 20).Select(n => EventFilter.Of(Encoding.UTF8.GetBytes($$"""{"n": {{n}}}"""))).ToList();
        for (var round = 0; round < 2; round++) Assert.That(filters.Select(f => f.Holds(fact)), Is.EqualTo(Enumerable.Range(0, 20).Select(n => n == 7)));
    }

    [Test]
    public void Filters_OfOneText_AreOne()
    {
        var text = """{"value": {"$gte": 2}, "properties.n": 7}"""u8.ToArray();
        Assert.That(EventFilter.Of(text), Is.SameAs(EventFilter.Of(text.ToArray())));
    }

    [TestCase("""{"value": 2, "type": "purchase", "n": 7, "properties.n": 7}""", true)]
    [TestCase("""{"value": {"$gt": 2}}""", false)]
    [TestCase("""{"properties.m": 7}""", false)]
    public void Filter_SeesPropertiesTypeAndValue(string filter, bool holds)
    {
        var fact = new Fact(FactId.Of("e"), 1, 1, "purchase", 20_000, null, """{"n": 7}"""u8.ToArray());
        Assert.That(EventFilter.Of(Encoding.UTF8.GetBytes(filter)).Holds(fact), Is.EqualTo(holds));
    }
}
