using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;

namespace CroPlatform.Platform.Tests.People;

/// <summary>Signing in and out, and what becomes of access tokens.</summary>
public sealed class SessionTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private const string Results = "/api/v1/statistics/balance";
    private const string Experiments = "/api/v1/experiments";

    [Test]
    public async Task Token_OfAViewer_OpensWhatViewersSeeInEveryService()
    {
        using var viewer = await Person.CreateAsync("viewer");
        await Services.KnowAsync("statistics", viewer.Token);
        Assert.That(await viewer.StatusAsync(HttpMethod.Get, Experiments), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await viewer.StatusAsync(HttpMethod.Get, Results), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await viewer.StatusAsync(HttpMethod.Post, Experiments, new { }), Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await viewer.StatusAsync(HttpMethod.Post, "/v1/events", new { }), Is.EqualTo(HttpStatusCode.Forbidden), "people send no events");
        Assert.That(await Services.CallAsync("statistics", "/cro.statistics.v1.StatisticsService/WatchLive", viewer.Token), Is.Null, "the stream is open");
    }

    [Test]
    public async Task SignIn_WrongPasswordOrUnknownAccount_GivesTheSameAnswer()
    {
        using var person = await Person.CreateAsync("viewer");
        var wrong = await SignInAsync(person.Email, "not the password");
        var unknown = await SignInAsync($"{TestPlatform.Unique("nobody")}@example.org", person.Password);
        Assert.That(wrong.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(unknown, Is.EqualTo(wrong));
    }

    [Test]
    public async Task SignIn_TooManyTriesForAnAccount_Waits()
    {
        var email = $"{TestPlatform.Unique("victim")}@example.org";
        var answers = new List<HttpStatusCode>();
        while (answers.Count < 30 && !answers.Contains(HttpStatusCode.TooManyRequests)) answers.Add((await SignInAsync(email, "a guess of mine")).Status);
        Assert.That(answers[^1], Is.EqualTo(HttpStatusCode.TooManyRequests));
        Assert.That(answers[..^1], Is.All.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task Cookie_OfASession_IsOutOfReachOfScriptsAndOtherSites()
    {
        using var person = await Person.CreateAsync("viewer");
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(Platform.Public) };
        using var response = await client.PostAsJsonAsync("/api/v1/session", new { email = person.Email, password = person.Password });
        var cookie = response.Headers.GetValues("Set-Cookie").Single();
        Assert.That(cookie, Does.StartWith("cro_session=").And.Contain("httponly").And.Contain("samesite=strict").And.Contain("path=/api/v1/session"));
        Assert.That(cookie, Does.Not.Contain("secure"), "over plain HTTP");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/session/refresh");
        request.Headers.Add("Cookie", cookie.Split(';')[0]);
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var crossSite = await client.SendAsync(request);
        Assert.That(crossSite.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task Session_Ended_VoidsItsTokensEverywhere()
    {
        using var person = await Person.CreateAsync("viewer");
        await Services.KnowAsync("statistics", person.Token);
        using (var described = await person.AskAsync(HttpMethod.Get, "", null)) Assert.That(described.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await person.SignOutAsync();
        Assert.That(await person.StatusAsync(HttpMethod.Get, Experiments), Is.EqualTo(HttpStatusCode.Unauthorized));
        await Services.ForgetAsync("statistics", person.Token);
        Assert.That(await person.RefreshAsync(), Is.False);
        using var after = await person.AskAsync(HttpMethod.Get, "", null);
        Assert.That(after.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task Password_Changed_EndsTheOtherSessions()
    {
        using var person = await Person.CreateAsync("viewer");
        var (old, token) = (person.Password, person.Token);
        Assert.That(await person.ChangePasswordAsync("not the current one", "a new long password"), Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await person.ChangePasswordAsync(old, "short"), Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await person.ChangePasswordAsync(old, "a new long password"), Is.EqualTo(HttpStatusCode.NoContent));
        using (var stale = await Platform.SendAsync(HttpMethod.Get, Experiments, token)) Assert.That(stale.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await person.RefreshAsync(), Is.True, "his own session goes on");
        Assert.That((await SignInAsync(person.Email, old)).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That((await SignInAsync(person.Email, person.Password)).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Session_MovedToAnotherSite_HasItsRoleThere()
    {
        var other = await OtherSite.CreateAsync();
        using var person = await Person.CreateAsync("admin");
        Assert.That(await person.RefreshAsync(other.Name), Is.False, "he does not belong there yet");
        await other.SendAsync(HttpMethod.Post, "/api/v1/users", new { email = person.Email, role = "viewer", password = "is not taken over" });
        Assert.That(await person.RefreshAsync(other.Name), Is.True);
        Assert.That(((string?)person.Session["site"], (string?)person.Session["role"]), Is.EqualTo((other.Name, "viewer")));
        Assert.That(await person.StatusAsync(HttpMethod.Get, "/api/v1/users"), Is.EqualTo(HttpStatusCode.Forbidden));
        await person.SignInAsync();
        Assert.That(await person.RefreshAsync("default"), Is.True);
        Assert.That(await person.StatusAsync(HttpMethod.Get, "/api/v1/users"), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Token_Forged_OpensNothing()
    {
        using var person = await Person.CreateAsync("viewer");
        await Services.KnowAsync("statistics", person.Token);
        await using var db = new NpgsqlConnection(Platform.Postgres);
        var (x, y) = await db.QueryFirstAsync<(byte[] X, byte[] Y)>("select x, y from experiments.signing_keys");
        using var mine = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var publicKey = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
        string[] forged =
        [
            Tokens.WithClaim(person.Token, "role", "admin"),
            Tokens.WithClaim(person.Token, "exp", DateTimeOffset.UtcNow.AddYears(1).ToUnixTimeSeconds()),
            Tokens.WithAlgorithm(person.Token, "none", _ => []),
            Tokens.WithAlgorithm(person.Token, "HS256", text => HMACSHA256.HashData(publicKey.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(text))),
            Tokens.WithAlgorithm(person.Token, "HS256", text => HMACSHA256.HashData(Encoding.ASCII.GetBytes(publicKey.ExportSubjectPublicKeyInfoPem()), Encoding.ASCII.GetBytes(text))),
            Tokens.SignedBy(person.Token, mine),
            person.Token[..^4] + "AAAA",
            "eyJ.eyJ.",
        ];
        foreach (var token in forged)
        {
            Assert.That(await AskAsync(Experiments, token), Is.EqualTo(HttpStatusCode.Unauthorized), token);
            Assert.That(await AskAsync(Results, token), Is.EqualTo(HttpStatusCode.Unauthorized), token);
        }

        Assert.That(await AskAsync(Results, person.Token), Is.EqualTo(HttpStatusCode.OK), "the true one still does");

        static async Task<HttpStatusCode> AskAsync(string path, string token)
        {
            using var response = await Platform.SendAsync(HttpMethod.Get, path, token);
            return response.StatusCode;
        }
    }

    [Test]
    public async Task Socket_WithAToken_OpensAndEndsWithItsSession()
    {
        using var person = await Person.CreateAsync("viewer");
        await Services.KnowAsync("statistics", person.Token);
        using var socket = new ClientWebSocket();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await socket.ConnectAsync(new Uri(Platform.Public.Replace("http", "ws", StringComparison.Ordinal) + "/live"), limit.Token);
        await socket.SendAsync(Encoding.UTF8.GetBytes(new JsonObject { ["token"] = person.Token }.ToJsonString()), WebSocketMessageType.Text, true, limit.Token);
        await person.RefreshAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes(new JsonObject { ["token"] = person.Token }.ToJsonString()), WebSocketMessageType.Text, true, limit.Token);
        await person.SignOutAsync();
        var buffer = new byte[1 << 16];
        WebSocketReceiveResult answer;
        do answer = await socket.ReceiveAsync(buffer, limit.Token);
        while (answer.MessageType != WebSocketMessageType.Close);
        Assert.That((int?)answer.CloseStatus, Is.EqualTo(4401));
    }

    private static async Task<(HttpStatusCode Status, string Body)> SignInAsync(string email, string password)
    {
        using var client = Person.NewBrowser();
        using var response = await client.PostAsJsonAsync("/api/v1/session", new { email, password });
        return (response.StatusCode, response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync());
    }
}
