using CroPlatform.Services.Experiments.Serve.Compatibility;

namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>The paths that existing clients use.</summary>
internal static class CompatibilityOperations
{
    private const string Tag = "compatibility";
    private const string Cro = "/api/cro";
    private const string Ab = "/api/v1/conversion/ab-testing";
    private const string Behavioral = "/api/v1/conversion/behavioral";
    private const string TestExample = """{"name": "Green button", "type": "cta", "variants": [{"name": "Grey"}, {"name": "Green", "config": {"text": "Go", "color": "#00aa00"}}]}""";
    private const string EventExample = """{"test_id": "green-button-1a2b3c", "variant_id": "green", "event_type": "impression", "session_id": "s-1", "device_type": "mobile"}""";
    private const string BatchExample = """{"events": [{"event_type": "scroll", "session_id": "s-1"}]}""";

    public static IReadOnlyList<Operation> All { get; } =
    [
        Read(Cro + "/overview", "Totals over all tests."),
        Read(Cro + "/active-tests", "Running tests with their figures."),
        Read(Cro + "/recent-winners", "Tests with a winner, the latest first."),
        Read(Cro + "/asset-performance", "Variants, the best first."),
        Read(Cro + "/performance-analysis", "Started tests with verdicts and reasons."),
        new("POST", Cro + "/tests", Tag, "Make a test that runs at once.", "admin", "editor") { Body = typeof(LegacyTestRequest), Example = TestExample, Status = StatusCodes.Status201Created },
        new("POST", Cro + "/tests/{id}/end", Tag, "End a test.", "admin", "editor"),
        Event(Cro + "/events", EventExample),
        NotYet("GET", Cro + "/recommendations", "viewer"),
        NotYet("POST", Cro + "/orchestrate", "editor"),
        NotYet("POST", Cro + "/ml/train", "editor"),
        NotYet("POST", Cro + "/ml/predict", "viewer"),
        new("POST", Ab + "/tests", Tag, "Make a test as a draft.", "admin", "editor") { Body = typeof(LegacyTestRequest), Example = TestExample, Status = StatusCodes.Status201Created },
        new("GET", Ab + "/tests", Tag, "All tests with their figures.", "admin", "viewer") { Query = ["limit", "offset", "sort", "search", "status"] },
        new("GET", Ab + "/assignment", Tag, "Which variant a session gets.", "write", null) { Query = ["test_id!", "session_id", "visitor_id", "device_type"] },
        Event(Ab + "/events", EventExample),
        new("GET", Ab + "/tests/{id}/results", Tag, "A test's figures, verdict and full results.", "admin", "viewer"),
        new("PUT", Ab + "/tests/{id}/control", Tag, "start, pause, resume, stop, roll_out or roll_back.", "admin", "editor") { Body = typeof(ControlRequest), Example = """{"action": "start"}""" },
        Event(Behavioral + "/events", """{"event_type": "scroll", "session_id": "s-1", "device_type": "mobile"}"""),
        Event(Behavioral + "/events/batch", BatchExample),
        NotYet("GET", Behavioral + "/insights", "viewer"),
        NotYet("GET", Behavioral + "/analytics/engagement", "viewer"),
        new("GET", Behavioral + "/stream/{id}", Tag, "A WebSocket: a test's events and results as they come; the first message is {\"token\"} or {\"key\"}.", "none", null)
        {
            Status = StatusCodes.Status101SwitchingProtocols,
        },
    ];

    private static Operation Read(string path, string summary) => new("GET", path, Tag, summary, "admin", "viewer") { Query = ["limit", "test_id"] };

    private static Operation Event(string path, string example) => new("POST", path, Tag, "Take events into the log.", "write", null)
    {
        Example = example,
        Status = StatusCodes.Status202Accepted,
        AnswerExample = """{"accepted": 1, "rejected": []}""",
    };

    private static Operation NotYet(string method, string path, string person) => new(method, path, Tag, "Not carried out yet.", "admin", person)
    {
        Status = StatusCodes.Status501NotImplemented,
        AnswerType = "application/problem+json",
    };
}
