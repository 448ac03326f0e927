using System.Text.Json;
using CroPlatform.Experimentation.GrowthBook;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.Tests.Evaluation;

public sealed class PagePatternsTests
{
    private static readonly string[] Patterns =
    [
        "/cart", "/cart/", "/", "*", "/product/*", "*/product/*", "shop.example.com", "shop.example.com/cart", "*.example.com/*", "http://shop.example.com/Cart",
        "/search?q=shoes", "/search?q=*", "/search?q=a&page=2", "/docs#install", "https://shop.example.com:8080/cart", "/a.b+c(d)",
    ];

    private static readonly string[] Urls =
    [
        "https://shop.example.com", "https://shop.example.com/", "https://shop.example.com/cart", "http://SHOP.example.com/CART/?x=1#y", "https://www.example.com/cart",
        "https://example.com/product/5", "https://shop.example.com/product/5/reviews", "https://shop.example.com/product", "https://shop.example.com/search?q=shoes",
        "https://shop.example.com/search?page=2&q=a", "https://shop.example.com/search", "https://shop.example.com/docs#install", "https://shop.example.com/docs",
        "https://shop.example.com:8080/cart", "https://shop.example.com:443/cart", "https://shop.example.com/a.b+c(d)", "https://shop.example.com/aXb+c(d)", "/cart", "/product/7",
    ];

    [Test]
    public void Match_SimplePatterns_AsTheSdkMatchesThem()
    {
        foreach (var pattern in Patterns)
        {
            var ours = PagePatterns.Parse([new UrlPattern(UrlPatternType.Simple, pattern)]);
            var theirs = UrlTargets.Parse(JsonSerializer.SerializeToElement(new[] { new { type = "simple", pattern, include = true } }));
            foreach (var url in Urls) Assert.That(ours.Match(url), Is.EqualTo(theirs.Match(url)), $"{pattern} on {url}");
        }
    }

    [Test]
    public void WriteCondition_AnyPatterns_HoldsWhereTheyMatch()
    {
        foreach (var (first, second) in Patterns.Zip(Patterns.Reverse()))
        {
            var patterns = PagePatterns.Parse([new(UrlPatternType.Simple, first), new(UrlPatternType.Simple, "/product/*"), new(UrlPatternType.Simple, second, Include: false)]);
            using var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer)) patterns.WriteCondition(json);
            var condition = Condition.Parse(JsonDocument.Parse(buffer.ToArray()).RootElement);
            foreach (var url in Urls)
            {
                Assert.That(condition.Holds(JsonSerializer.SerializeToElement(new { url })), Is.EqualTo(patterns.Match(url)), $"{first} without {second} on {url}");
            }

            Assert.That(condition.Holds(JsonSerializer.SerializeToElement(new { })), Is.EqualTo(patterns.Match(null)).And.False);
        }
    }

    [Test]
    public void Match_OnlyExclusions_TakesEverythingElse()
    {
        var patterns = PagePatterns.Parse([new UrlPattern(UrlPatternType.Regex, "/admin", Include: false)]);
        Assert.That((patterns.Match("https://a.b/x"), patterns.Match("https://a.b/admin/x"), patterns.Match(null)), Is.EqualTo((true, false, true)));
    }

    [TestCase(UrlPatternType.Regex, "(")]
    [TestCase(UrlPatternType.Regex, "^/cart")]
    [TestCase(UrlPatternType.Simple, "")]
    [TestCase(UrlPatternType.Simple, "/search?q")]
    public void Parse_WhatIsNoPattern_IsRefused(UrlPatternType type, string pattern) =>
        Assert.That(() => PagePatterns.Parse([new UrlPattern(type, pattern)]), Throws.TypeOf<FormatException>());
}
