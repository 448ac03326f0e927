using System.Net.WebSockets;
using System.Text;
using Microsoft.Playwright;

namespace CroPlatform.Platform.Tests;

/// <summary>The dashboard in a real browser, moving while events arrive.</summary>
public sealed class LivePageTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    [Test]
    public async Task Page_WhileEventsArrive_MovesByItself()
    {
        var (key, metric) = (TestPlatform.Unique("page"), TestPlatform.Unique("m"));
        await Platform.CreateMetricAsync(metric, "conversion", metric);
        await Platform.StartExperimentAsync(key, "external", ["left", "right"], metric);

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Browsers.FirstOrDefault(File.Exists) ?? throw new AssertionException("no browser: ./cro test installs chromium"),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(Platform.Public);
        await page.FillAsync("#email", Platform.Text("admin_email"));
        await page.FillAsync("#password", "not the password");
        await page.ClickAsync("#sign-in button");
        await Assertions.Expect(page.Locator("#sign-in-error")).ToContainTextAsync("not right");
        await page.FillAsync("#password", Platform.Text("admin_password"));
        await page.ClickAsync("#sign-in button");

        var section = page.Locator($"section[data-experiment='{key}']");
        await section.Locator("tbody tr").First.WaitForAsync();
        await SendAsync(0, 150);
        await Expect("right", 75);
        await SendAsync(150, 250);
        await Expect("right", 125);
        await ExpectDetailsAsync();
        await Platform.TransitAsync(key, "stop");
        await Assertions.Expect(section.Locator(".status")).ToHaveTextAsync("completed", new() { Timeout = 20_000 });
        await Assertions.Expect(section.Locator(".verdict")).ToContainTextAsync("winner: right", new() { Timeout = 20_000 });
        await page.ReloadAsync();
        await Assertions.Expect(section.Locator(".status")).ToHaveTextAsync("completed", new() { Timeout = 20_000 });
        await page.ClickAsync("#sign-out");
        await Assertions.Expect(page.Locator("#sign-in")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#sign-in")).ToBeVisibleAsync();
        await page.ClickAsync("summary");
        await page.FillAsync("#key", Platform.AdminKey);
        await page.ClickAsync("#key-sign-in button");
        await Assertions.Expect(section.Locator(".status")).ToHaveTextAsync("completed", new() { Timeout = 20_000 });
        Assert.That(errors, Is.Empty, "the page's script ran without an error");

        Task Expect(string variant, int units) => Assertions.Expect(
            section.Locator("tbody tr", new() { HasText = variant }).Locator("td").Nth(1)).ToHaveTextAsync($"{units}", new() { Timeout = 20_000 });

        // Opened again until the history and the survey have come to what was sent.
        async Task ExpectDetailsAsync()
        {
            for (var tries = 0; ; tries++)
            {
                await section.Locator(".behind > summary").ClickAsync();
                await Assertions.Expect(section.Locator(".waterfall li").First).ToBeVisibleAsync(new() { Timeout = 20_000 });
                var (steps, charts) = (await section.Locator(".waterfall li").AllTextContentsAsync(), await section.Locator(".over-time svg.sequence").CountAsync());
                if (charts == 1 && steps.Contains("250 exposures") && steps.Contains("250 analysed")) break;
                Assert.That(tries, Is.LessThan(60), $"{charts} charts, waterfall: {string.Join(", ", steps)}");
                await section.Locator(".behind > summary").ClickAsync();
                await page.WaitForTimeoutAsync(500);
            }

            Assert.That(await section.Locator(".over-time figcaption").TextContentAsync(), Does.Match(@"^.+: right: \+\d[\d,.]*%, .+ … .+ at any time \(\d+ h\)$"));
            Assert.That(await section.Locator(".over-time svg .interval").CountAsync(), Is.GreaterThan(0));
        }

        // Visitors alternate; all of the right arm's convert, and every other of the left one's.
        Task SendAsync(int from, int to) => Platform.SendEventsAsync([.. Enumerable.Range(from, to - from).SelectMany(i => Visit(i))]);

        IEnumerable<object> Visit(int i)
        {
            var now = DateTimeOffset.UtcNow;
            yield return new { id = $"{key}-{i}-x", type = "exposure", visitor_id = $"{key}-{i}", experiment = key, variant = i % 2 == 1 ? "right" : "left", timestamp = now };
            if (i % 2 == 1 || i % 4 == 0) yield return new { id = $"{key}-{i}-c", type = metric, visitor_id = $"{key}-{i}", timestamp = now };
        }
    }

    [TestCase("""{"key": "wrong"}""")]
    [TestCase("no json")]
    [TestCase("""{"key": 5}""")]
    public async Task Socket_WithoutAnAdminKey_IsClosedBeforeAnythingIsSent(string first)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(Platform.Public.Replace("http", "ws", StringComparison.Ordinal) + "/live"), CancellationToken.None);
        await socket.SendAsync(Encoding.UTF8.GetBytes(first), WebSocketMessageType.Text, true, CancellationToken.None);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = await socket.ReceiveAsync(new byte[1_024], limit.Token);
        Assert.That((answer.MessageType, (int?)answer.CloseStatus), Is.EqualTo((WebSocketMessageType.Close, (int?)4401)));
    }
}
