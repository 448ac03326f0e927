using CroPlatform.Services.Experiments.Decide.PreFlight;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>Experiments and their life.</summary>
internal static class ExperimentOperations
{
    private const string Tag = "experiments";
    public const string One = "/api/v1/experiments/{key}";
    private static readonly string[] Page = ["limit", "offset", "sort", "search"];

    public static IReadOnlyList<Operation> All { get; } =
    [
        new("GET", "/api/v1/experiments", Tag, "The site's experiments, a page at a time.", "admin", "viewer") { Query = [.. Page, "status", "kind", "unit", "tag", "metric"] },
        new("POST", "/api/v1/experiments", Tag, "Make a draft.", "admin", "editor")
        {
            Body = typeof(ExperimentRequest),
            Example = """
                {"key": "checkout", "name": "Guest checkout", "hypothesis": "A checkout without an account loses fewer buyers.", "unit": "visitor",
                 "variants": [{"key": "control"}, {"key": "treatment", "config": {"guest_allowed": true}}],
                 "metrics": [{"key": "purchases"}, {"key": "errors"}], "coverage": 0.5, "decision": {"method": "always_valid", "confidence": 0.95, "min_days": 7}}
                """,
            Status = StatusCodes.Status201Created,
            Answer = typeof(ExperimentView),
            IsCommand = true,
        },
        new("GET", One, Tag, "One experiment, with its history; ETag and If-None-Match work.", "admin", "viewer") { Answer = typeof(ExperimentView) },
        new("PUT", One, Tag, "Define a draft anew.", "admin", "editor")
        {
            Body = typeof(ExperimentRequest),
            Example = """{"variants": [{"key": "control"}, {"key": "treatment"}], "metrics": [{"key": "purchases"}]}""",
            Answer = typeof(ExperimentView),
            IsCommand = true,
        },
        new("PATCH", One, Tag, "Change members of a draft (RFC 7396), or begin a new phase, or analyse by other metrics.", "admin", "editor")
        {
            Body = typeof(PhaseRequest), Example = """{"coverage": 1}""", Answer = typeof(ExperimentView), IsCommand = true,
        },
        new("POST", One + "/phases", Tag, "Begin a new phase of a running experiment, or analyse by other metrics.", "admin", "editor")
        {
            Body = typeof(PhaseRequest), Example = """{"coverage": 1}""", Answer = typeof(ExperimentView), IsCommand = true,
        },
        new("GET", One + "/pre-flight", Tag, "What is to be known before the start: power, days, overlaps, broken references, risk.", "admin", "viewer")
        {
            Answer = typeof(PreFlightReport),
        },
        new("POST", One + "/schedule", Tag, "Start and stop at given times; a local time is that of the zone.", "admin", "editor")
        {
            Body = typeof(PlanRequest), Example = """{"start": "2026-03-01T08:00", "end": "2026-03-15T08:00", "time_zone": "Europe/Warsaw"}""", Answer = typeof(ExperimentView), IsCommand = true,
        },
        new("POST", One + "/roll-out", Tag, "Serve a variant to a share of all units: the next of 10, 50, 100 % unless given.", "admin", "editor")
        {
            Body = typeof(RollOutRequest), Example = """{"variant": "treatment", "step": 1}""", Answer = typeof(ExperimentView), IsCommand = true,
        },
        Command("start", "Begin to assign and count.", "editor"),
        Command("pause", "Take no new units for now.", "editor"),
        Command("resume", "Go on.", "editor"),
        Command("stop", "End it: completed.", "editor"),
        Command("decide", "Close it to new units and wait until its windows are over.", "editor"),
        Command("roll-back", "Give everybody the control again.", "editor"),
        Command("undo", "Take the last step of a roll-out, or a roll-back, back.", "editor"),
        Command("submit", "Ask for a review.", "editor"),
        Command("withdraw", "Take a draft back from review or schedule.", "editor"),
        Command("archive", "Put it away.", "editor"),
        Command("approve", "Approve the present definition; nobody approves what he made.", "approver"),
        Command("reject", "Send it back to its author.", "approver"),
        new("GET", One + "/comments", Tag, "What people said.", "admin", "viewer") { Query = Page },
        new("POST", One + "/comments", Tag, "Say something.", "admin", "analyst")
        {
            Body = typeof(CommentRequest), Example = """{"text": "Does this also run in the app?"}""", Status = StatusCodes.Status201Created, IsCommand = true,
        },
        new("GET", "/api/v1/approval-rules", Tag, "What needs somebody else's approval.", "admin", "viewer") { Answer = typeof(ApprovalRules) },
        new("PUT", "/api/v1/approval-rules", Tag, "Say what needs somebody else's approval.", "admin", "admin")
        {
            Body = typeof(ApprovalRules),
            Example = """{"max_traffic_share": 0.5, "require_guardrail": true, "risky_pages": ["/checkout*", "/pricing*"]}""",
            Answer = typeof(ApprovalRules),
            IsCommand = true,
        },
        new("GET", "/api/v1/audit", "audit", "Who changed what, the newest first.", "admin", "approver")
        {
            Query = ["limit", "cursor", "subject_kind", "subject", "action", "actor", "from", "to"],
        },
        new("GET", "/api/v1/audit/export", "audit", "The same as NDJSON or CSV, the oldest first.", "admin", "approver")
        {
            Query = ["format", "subject_kind", "subject", "action", "actor", "from", "to"], AnswerType = "application/x-ndjson",
        },
        new("GET", "/api/v1/audit/verify", "audit", "Whether the chain of the audit log is whole.", "admin", "approver") { AnswerExample = """{"ok": true, "rows": 1204}""" },
        new("GET", "/api/v1/export", "files", "All of the site, or some experiments and what they name, as a file.", "admin", "analyst") { Query = ["experiment"], Answer = typeof(ExportFile) },
        new("POST", "/api/v1/import", "files", "Take a file in: all of it or nothing; with dry_run only tell what would be done.", "admin", "editor")
        {
            Query = ["dry_run"],
            Body = typeof(ExportFile),
            Example = """
                {"format": "cro.export/1", "metrics": [{"key": "purchases", "kind": "conversion", "event": "purchase", "direction": "increase"}],
                 "experiments": [{"key": "checkout", "variants": [{"key": "control"}, {"key": "treatment"}], "metrics": [{"key": "purchases"}]}]}
                """,
            AnswerExample = """{"dry_run": true, "ok": true, "steps": [{"kind": "metric", "key": "purchases", "action": "create"}, {"kind": "experiment", "key": "checkout", "action": "create"}]}""",
        },
        new("GET", "/api/v1/openapi.json", "about", "This document.", "write", "viewer"),
    ];

    private static Operation Command(string command, string summary, string person) => new("POST", $"{One}/{command}", Tag, summary, "admin", person)
    {
        Body = typeof(ReasonRequest),
        Example = """{"reason": "as agreed"}""",
        Answer = typeof(ExperimentView),
        IsCommand = true,
    };
}
