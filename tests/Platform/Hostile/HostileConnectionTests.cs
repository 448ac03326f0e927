using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CroPlatform.Platform.Tests.Hostile;

/// <summary>Requests that no client library would send, over plain sockets, to every service and to the door.</summary>
public sealed class HostileConnectionTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    /// <summary>Beyond what the servers allow a caller for his headers and his body.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private static string[] Servers => ["door", "ingestion", "experiments", "assignment", "statistics", "reporting"];

    private static IEnumerable<TestCaseData> Heads()
    {
        yield return Case("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
        yield return Case("length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
        yield return Case("a negative length", "Content-Length: -1\r\n\r\n");
        yield return Case("a length beyond 64 bits", "Content-Length: 99999999999999999999999\r\n\r\n");
        yield return Case("a length that is no number", "Content-Length: 0x10\r\n\r\n0123456789abcdef");
        yield return Case("an unknown transfer coding", "Transfer-Encoding: chunked, cow\r\n\r\n");
        yield return Case("a chunk of bad length", "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n");
        yield return Case("a header line without a colon", "This is no header\r\n\r\n");
        yield return Case("a NUL in a header", "X-A: a\0b\r\n\r\n");
        yield return Case("a space before the colon", "Content-Length : 5\r\n\r\nhello");
        yield return Case("a folded header", "X-A: a\r\n b\r\n\r\n");
        yield return Case("64 KiB of one header", $"X-A: {new string('a', 65_536)}\r\n\r\n");
        yield return Case("a thousand headers", string.Concat(Enumerable.Range(0, 1_000).Select(i => $"X-{i}: 1\r\n")) + "\r\n");

        static TestCaseData Case(string name, string rest) => new TestCaseData(rest).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Heads))]
    public async Task Head_Malformed_IsRefusedAndTheConnectionClosed(string rest)
    {
        foreach (var server in Servers)
        {
            var answer = await AskAsync(server, $"POST /v1/events HTTP/1.1\r\nHost: x\r\n{rest}");
            Assert.That(answer, Does.StartWith("HTTP/1.1 4").And.Not.Contain("smuggled"), server);
            Assert.That(answer.Split("HTTP/1.1 ").Length - 1, Is.EqualTo(1), $"{server} answered once: {answer}");
        }
    }

    [Test]
    public async Task Head_WithoutAHost_IsRefused()
    {
        foreach (var server in Servers) Assert.That(await AskAsync(server, "GET / HTTP/1.1\r\n\r\n"), Does.StartWith("HTTP/1.1 400"), server);
    }

    [Test]
    public async Task Body_ShorterThanItSays_ChangesNothing()
    {
        var end = EventLog.End(Platform.Kafka);
        using var socket = await ConnectAsync("ingestion");
        var body = $$"""{"type": "x", "visitor_id": "{{TestPlatform.Unique("short")}}"}""";
        await SendAsync(socket, Post(body, body.Length + 10));
        socket.Shutdown(SocketShutdown.Send);

        // Whether it answers or only hangs up: it must not have taken the event.
        await ReadAsync(socket);
        Assert.That(EventLog.End(Platform.Kafka), Is.EqualTo(end).Within(0), "nothing was written");
    }

    [Test]
    public async Task Body_LongerThanItSays_IsTheNextRequestAndRefused()
    {
        var body = $$"""{"type": "x", "visitor_id": "{{TestPlatform.Unique("long")}}"}""";
        using var socket = await ConnectAsync("ingestion");
        await SendAsync(socket, Post(body + "garbage\r\n\r\n", body.Length));
        var answer = await ReadAsync(socket);
        Assert.That(answer, Does.StartWith("HTTP/1.1 202").And.Contain("HTTP/1.1 400"));
    }

    [Test]
    public async Task Chunks_BeyondTheLimit_Are413()
    {
        using var socket = await ConnectAsync("ingestion");
        await SendAsync(socket, $"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Platform.WriteKey}\r\nTransfer-Encoding: chunked\r\n\r\n");
        var chunk = $"10000\r\n{new string('x', 0x10000)}\r\n";
        try
        {
            for (var i = 0; i < 40; i++) await SendAsync(socket, chunk);
        }
        catch (SocketException)
        {
            // It may hang up before all is sent.
        }

        Assert.That(await ReadAsync(socket), Does.StartWith("HTTP/1.1 4"));
    }

    [Test]
    public async Task Headers_ThatNeverEnd_AreGivenUpOn()
    {
        await Task.WhenAll(Servers.Select(async server =>
        {
            using var socket = await ConnectAsync(server);
            await SendAsync(socket, "POST /v1/events HTTP/1.1\r\nHost: x\r\nX-A: ");
            var answer = await ReadAsync(socket);
            Assert.That(answer, Does.StartWith("HTTP/1.1 408").Or.Empty, server);
        }));
    }

    [Test]
    public async Task Body_ThatDrips_IsGivenUpOn()
    {
        await Task.WhenAll(new[] { "door", "ingestion" }.Select(async server =>
        {
            using var socket = await ConnectAsync(server);
            await SendAsync(socket, Post("{", 100_000));
            var dripping = DripAsync(socket);
            Assert.That(await ReadAsync(socket), Does.StartWith("HTTP/1.1 4").Or.Empty, server);
            await dripping;
        }));
    }

    [Test]
    [NonParallelizable]
    public async Task TenThousandIdleConnections_LeaveTheGatewayAnswering()
    {
        ServiceMemory.ResetPeaks();
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < 100; i++) idle.AddRange(await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ConnectAsync("ingestion"))));
            Assert.That(idle.Count(s => s.Connected), Is.EqualTo(10_000));
            await Platform.SendEventsAsync([new { type = "alive", visitor_id = TestPlatform.Unique("crowd") }]);
            var peak = ServiceMemory.PeakOf("ingestion");
            TestContext.Out.WriteLine($"measured: 10 000 idle connections: ingestion held {peak} MiB at most");
            Assert.That(peak, Is.LessThan(1_200));
        }
        finally
        {
            idle.ForEach(s => s.Dispose());
        }
    }

    [Test]
    public async Task Log_OfAPathWithLineBreaks_HasNoForgedLine()
    {
        var forged = TestPlatform.Unique("forged");
        await AskAsync("experiments", $"GET /api/v1/experiments/x%0d%0a{forged} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Platform.AdminKey}\r\nConnection: close\r\n\r\n");
        var lines = File.ReadAllLines(Path.Combine(Platform.Folder, "logs", "experiments.log"));
        Assert.That(lines.Where(l => l.StartsWith(forged, StringComparison.Ordinal)), Is.Empty);
    }

    private static string Post(string body, int length) =>
        $"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Platform.WriteKey}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}";

    /// <summary>A byte at a time until the other side has had enough.</summary>
    private static async Task DripAsync(Socket socket)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        try
        {
            while (await timer.WaitForNextTickAsync()) await SendAsync(socket, " ");
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // That is what is waited for.
        }
    }

    private static async Task<string> AskAsync(string server, string request)
    {
        using var socket = await ConnectAsync(server);
        await SendAsync(socket, request);
        return await ReadAsync(socket);
    }

    private static async Task<Socket> ConnectAsync(string server)
    {
        var url = new Uri(server == "door" ? Platform.Public : Platform.Service(server, "http"));
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(url.Host), url.Port));
        return socket;
    }

    private static async Task SendAsync(Socket socket, string text) => await socket.SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>All that the other side says until it closes.</summary>
    private static async Task<string> ReadAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Limit);
        var (said, buffer) = (new StringBuilder(), new byte[8_192]);
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) is var read and > 0) said.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // Closed with a reset: it had not read everything.
        }

        return said.ToString();
    }
}
