namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>What came out.</summary>
internal static class ResultOperations
{
    private const string Tag = "results";
    private const string Results = "/api/v1/experiments/{key}/results";

    public static IReadOnlyList<Operation> All { get; } =
    [
        new("GET", Results, Tag, "Figures, checks and verdict; a figure that cannot be computed is null and named in missing.", "admin", "viewer")
        {
            AnswerExample = """
                {"experiment": "checkout", "status": "running", "as_of": "2026-03-08T08:00:00Z", "exposures": 20000, "crossover_units": 3, "mismatched_units": 0,
                 "sample_ratio": {"p_value": 0.41, "ok": true},
                 "metrics": [{"key": "purchases", "kind": "conversion", "variants": [{"key": "control", "n": 10000, "sum": 500, "mean": 0.05, "missing": {"lift": "control"}},
                    {"key": "treatment", "n": 10000, "sum": 560, "mean": 0.056, "lift": 0.12, "lift_interval": [-0.002, 0.258], "p_value": 0.054, "missing": {}}]}],
                 "decision": {"verdict": "undecided", "reasons": [{"code": "min_days", "text": "it has run for 7 of 14 days"}]}}
                """,
        },
        new("GET", Results + "/live", Tag, "Provisional counts and means, ahead of the results.", "admin", "viewer")
        {
            AnswerExample = """
                {"experiment": "checkout", "as_of": "2026-03-08T08:00:00.5Z", "provisional": true, "missing": {},
                 "variants": [{"key": "control", "units": 10010, "metrics": [{"key": "purchases", "sum": 501, "mean": 0.05005, "lift": null}]}]}
                """,
        },
        new("GET", Results + "/history", Tag, "The figures as they stood, hour by hour.", "admin", "viewer"),
        new("GET", Results + "/days", Tag, "By day of exposure and by time since exposure.", "admin", "viewer"),
        new("GET", Results + "/dimensions", Tag, "By device, country, browser and the other dimensions.", "admin", "viewer"),
        new("GET", Results + "/quality", Tag, "What became of the exposures: bots, crossovers, mismatches, late and held events, sample ratios.", "admin", "viewer"),
        new("GET", "/api/v1/interactions", Tag, "Whether running experiments interact, as of last night.", "admin", "viewer")
        {
            Query = ["experiment"],
            AnswerExample = """
                {"computed_at": "2026-03-08T03:00:00Z", "experiments": 3, "pairs": 2, "tests": 5, "false_discovery_rate": 0.05,
                 "interactions": [{"first": "banner", "second": "checkout", "metric": "purchases", "units": 20000, "p_value": 0.0001, "log_p_value": -9.2, "adjusted_p_value": 0.0005, "found": true,
                    "effects": [{"variant": "control", "difference": 0.02, "standard_error": 0.003}, {"variant": "treatment", "difference": -0.001, "standard_error": 0.003}]}],
                 "dependences": [{"experiment": "banner", "other": "checkout", "p_value": 0.4, "log_p_value": -0.92, "adjusted_p_value": 0.7, "found": false}]}
                """,
        },
        new("POST", "/api/v1/interactions", Tag, "Test for interactions now.", "admin", "admin") { Status = StatusCodes.Status202Accepted, AnswerExample = """{"requested_at": "2026-03-08T08:00:00Z"}""" },
        new("GET", "/api/v1/statistics/balance", Tag, "What became of every accepted event.", "admin", "viewer")
        {
            AnswerExample = """{"counted": 1000, "held": 0, "quarantined": 2, "deduplicated": 17}""",
        },
        new("POST", "/api/v1/statistics/sample-size", "calculations", "How many units a test needs.", "server", "viewer") { Example = """{"kind": "conversion", "baseline": 0.05, "relative_effect": 0.2}""" },
        new("POST", "/api/v1/statistics/significance", "calculations", "Compare variants by your own numbers.", "server", "viewer")
        {
            Example = """{"kind": "conversion", "variants": [{"key": "a", "n": 1000, "conversions": 50}, {"key": "b", "n": 1000, "conversions": 70}]}""",
        },
        new("POST", "/api/v1/statistics/sequential-plan", "calculations", "The looks of a group-sequential test and their bounds.", "server", "viewer") { Example = """{"looks": 4}""" },
        new("POST", "/api/v1/statistics/meta-analysis", "calculations", "Several tests taken together.", "server", "viewer")
        {
            Example = """{"effects": [{"key": "a", "effect": 0.03, "standard_error": 0.01}, {"key": "b", "effect": 0.05, "standard_error": 0.02}]}""",
        },
    ];
}
