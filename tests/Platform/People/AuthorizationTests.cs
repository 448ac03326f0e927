using System.Net;
using System.Text;

namespace CroPlatform.Platform.Tests.People;

/// <summary>
/// Who may call what: every endpoint of every service is a row of authorization.txt, and every kind of caller tries it. An endpoint that is not in
/// the table, or states something else of itself, fails the test.
/// </summary>
public sealed class AuthorizationTests
{
    private const string NoSuchThing = "no-such-thing";
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private static readonly string[] KeyRoles = ["write", "server", "admin", "operator"];
    private static readonly string[] PersonRoles = ["viewer", "analyst", "editor", "approver", "admin", "operator"];

    private readonly List<Caller> _callers = [];
    private readonly List<Person> _people = [];

    private static IEnumerable<TestCaseData> Rows() => Row.ReadAll().Select(r => new TestCaseData(r).SetArgDisplayNames(r.Service, r.Method, r.Route));

    [OneTimeSetUp]
    public async Task GatherCallersAsync()
    {
        _callers.Add(new Caller("nobody", null, null, null));
        _callers.Add(new Caller("write key", Platform.WriteKey, "write", null));
        _callers.Add(new Caller("server key", Platform.ServerKey, "server", null));

        // The site that the platform started with: its admin key is an operator's.
        _callers.Add(new Caller("admin key", Platform.AdminKey, "operator", null));
        _callers.Add(new Caller("other site's admin key", (await OtherSite.CreateAsync()).AdminKey, "admin", null));
        foreach (var role in PersonRoles[..^1])
        {
            var person = await Person.CreateAsync(role);
            _people.Add(person);
            _callers.Add(new Caller(role, person.Token, null, role));
        }

        var first = await Person.OperatorAsync();
        _people.Add(first);
        _callers.Add(new Caller("operator", first.Token, null, "operator"));
        _callers.Add(new Caller("forged token", Tokens.WithClaim(_people[0].Token, "role", "admin"), null, null));

        var expiry = DateTimeOffset.UtcNow.AddSeconds(2);
        var expired = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/keys", new { name = "expired", role = "admin", expires_at = expiry });
        _callers.Add(new Caller("expired key", (string)expired["secret"]!, null, null));
        await TestPlatform.EventuallyAsync(() => Task.FromResult(DateTimeOffset.UtcNow), now => now > expiry, "the key expires");
        foreach (var token in _people.Select(p => p.Token)) await Services.KnowAsync("statistics", token);
    }

    [OneTimeTearDown]
    public void SignOff() => _people.ForEach(p => p.Dispose());

    [TestCaseSource(typeof(Services), nameof(Services.All))]
    public async Task Table_OfAService_HasEveryEndpointAsItIs(string service)
    {
        var stated = (await Services.RoutesAsync(service)).Select(r => $"{r.Method} {r.Route} {r.Key} {r.Person ?? "-"}");
        var table = Row.ReadAll().Where(r => r.Service == service).Select(r => $"{r.Method} {r.Route} {Stated(r.Key)} {Stated(r.Person)}");
        Assert.That(table, Is.EquivalentTo(stated));

        // Operators are told apart, and a key in the path is looked at, by the endpoint itself.
        static string Stated(string role) => role switch { "operator" => "admin", "path" => "none", _ => role };
    }

    [TestCaseSource(nameof(Rows))]
    public async Task Endpoint_EachCaller_IsLetInOrRefusedAsTheTableSays(Row row)
    {
        var wrong = await Task.WhenAll(_callers.Select(async caller =>
        {
            var (expected, got) = (Expected(row, caller), await AskAsync(row, caller));
            return got == expected ? null : $"{caller.Name}: {got} instead of {expected}";
        }));
        Assert.That(wrong.OfType<string>(), Is.Empty);
    }

    private static string Expected(Row row, Caller caller)
    {
        if (row.Key == "none") return "in";
        if (row.Key == "nobody") return "forbidden";
        if (row.Key == "path") return caller.Key is null ? "not there" : "in";
        if (caller.Key is null && caller.Person is null) return "unauthorized";
        var isEnough = caller.Key is { } key ? Array.IndexOf(KeyRoles, key) >= Array.IndexOf(KeyRoles, row.Key)
            : row.Person != "-" && Array.IndexOf(PersonRoles, caller.Person) >= Array.IndexOf(PersonRoles, row.Person);
        return isEnough ? "in" : "forbidden";
    }

    /// <summary>Names nothing that exists and sends a list where an object is wanted, so that whoever is let in changes nothing.</summary>
    private static async Task<string> AskAsync(Row row, Caller caller)
    {
        var path = string.Join('/', row.Route.Split('/').Select(part => part switch
        {
            "{clientKey}" => caller.Bearer ?? NoSuchThing,
            ['{', ..] => NoSuchThing,
            _ => part,
        }));
        if (row.IsGrpc) return Name(await Services.CallAsync(row.Service, path, caller.Bearer));
        var method = new HttpMethod(row.Method);
        using var body = row.Method is "GET" or "DELETE" ? null : new StringContent("[]", Encoding.UTF8, "application/json");
        using var response = await Services.SendAsync(row.Service, method, path, caller.Bearer, body);
        if ((int)response.StatusCode >= 500 && response.StatusCode != HttpStatusCode.NotImplemented) return $"a fault, {(int)response.StatusCode}";
        if (row.Key == "none") return response.StatusCode == HttpStatusCode.Forbidden ? "forbidden" : "in";
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => "unauthorized",
            HttpStatusCode.Forbidden => "forbidden",
            HttpStatusCode.NotFound when row.Key == "path" => "not there",
            _ => "in",
        };
    }

    private static string Name(int? grpcStatus) => grpcStatus switch { 16 => "unauthorized", 7 => "forbidden", _ => "in" };

    /// <param name="Key">The role of his key; null: he has none that is good.</param>
    /// <param name="Person">The role of a signed-in person; null: he is none.</param>
    private sealed record Caller(string Name, string? Bearer, string? Key, string? Person);

    /// <summary>One endpoint.</summary>
    /// <param name="Key">The least role of a key; none: open to everybody; path: a write key in the path.</param>
    /// <param name="Person">The least role of a signed-in person; -: no person.</param>
    public sealed record Row(string Service, string Method, string Route, string Key, string Person)
    {
        public bool IsGrpc => Method == "*" || (Method == "POST" && Route.Split('/')[1].Contains('.', StringComparison.Ordinal));

        public static IEnumerable<Row> ReadAll() =>
            from line in File.ReadLines(Path.Combine(TestContext.CurrentContext.TestDirectory, "People", "authorization.txt"))
            where line.Length > 0 && line[0] != '#'
            let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            select new Row(words[0], words[1], words[2], words[3], words[4]);
    }
}
