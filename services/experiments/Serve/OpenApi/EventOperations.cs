namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>What pages and servers call for every visitor: events, assignments, flags.</summary>
internal static class EventOperations
{
    public static IReadOnlyList<Operation> All { get; } =
    [
        new("POST", "/v1/events", "events", "Take one event, or up to 1 000; 202 once the log or the synced spool has them.", "write", null)
        {
            Example = """
                {"events": [
                    {"id": "e-1", "type": "exposure", "visitor_id": "v-1", "experiment": "checkout", "variant": "treatment"},
                    {"id": "e-2", "type": "purchase", "visitor_id": "v-1", "value": 49.9, "currency": "EUR", "timestamp": "2026-01-31T12:00:00.000Z"}]}
                """,
            Status = StatusCodes.Status202Accepted,
            AnswerExample = """{"accepted": 1, "rejected": [{"index": 1, "code": "timestamp_too_old", "field": "timestamp", "message": "…"}]}""",
        },
        new("POST", "/api/v1/assignments", "assignment", "The variants of a unit; recorded as exposure only with expose.", "server", null)
        {
            Example = """{"unit_id": "v-1", "attributes": {"country": "PL"}, "experiments": ["checkout"]}""",
            AnswerExample = """
                {"assignments": [{"experiment": "checkout", "variant": "treatment", "version": 1, "in_experiment": true, "reason": "split",
                    "bucket": 0.7312, "propensity": 0.5, "config": {"guest_allowed": true}}]}
                """,
        },
        new("POST", "/ofrep/v1/evaluate/flags/{key}", "assignment", "OpenFeature's remote evaluation of one flag; without a key, of all.", "write", null)
        {
            Example = """{"context": {"targetingKey": "v-1"}}""",
            AnswerExample = """{"key": "checkout", "value": {"guest_allowed": true}, "variant": "treatment", "reason": "SPLIT", "metadata": {"version": 1}}""",
        },
        new("GET", "/api/features/{clientKey}", "assignment", "The payload of GrowthBook's SDKs; the client key is a write key.", "none", null),
        new("GET", "/sub/{clientKey}", "assignment", "Server-sent events: a new payload whenever it changes.", "none", null) { AnswerType = "text/event-stream" },
        new("POST", "/api/eval/{clientKey}", "assignment", "GrowthBook's remote evaluation.", "none", null) { Example = """{"attributes": {"id": "v-1"}}""" },
    ];
}
