using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>What experiments are made of: metrics, templates, saved groups.</summary>
internal static class MetricOperations
{
    private const string Metrics = "metrics";
    private const string Templates = "templates";
    private const string MetricExample = """{"key": "purchases", "name": "Purchase rate", "kind": "conversion", "event": "purchase", "direction": "increase", "window_hours": 168}""";
    private const string TemplateExample = """
        {"key": "banner", "name": "Banner", "fields": [{"name": "text", "type": "text", "required": true, "max_length": 80}],
         "experiment": {"variants": [{"key": "control"}, {"key": "banner", "config": {"text": "Free delivery"}}], "metrics": [{"key": "purchases"}]}}
        """;

    private const string GroupExample = """{"key": "staff", "attribute": "user_id", "values": ["u-1", "u-2"]}""";

    public static IReadOnlyList<Operation> All { get; } =
    [
        new("GET", "/api/v1/metrics", Metrics, "The site's metrics, a page at a time.", "admin", "viewer") { Query = ["limit", "offset", "sort", "search", "kind", "event", "tag"] },
        new("POST", "/api/v1/metrics", Metrics, "Define a metric.", "admin", "analyst") { Body = typeof(MetricRequest), Example = MetricExample, Status = StatusCodes.Status201Created, IsCommand = true },
        new("GET", "/api/v1/metrics/{key}", Metrics, "One metric, as it is defined now.", "admin", "viewer") { Answer = typeof(MetricRequest) },
        new("PUT", "/api/v1/metrics/{key}", Metrics, "Make the next version; what experiments have pinned stays.", "admin", "analyst") { Body = typeof(MetricRequest), Example = MetricExample, IsCommand = true },
        new("GET", "/api/v1/metrics/{key}/versions", Metrics, "Every version, the newest first.", "admin", "viewer"),
        new("GET", "/api/v1/ready-metrics", Metrics, "Metrics that can be taken over as they are.", "admin", "viewer"),
        new("POST", "/api/v1/ready-metrics/{key}", Metrics, "Take a ready metric over.", "admin", "analyst") { Status = StatusCodes.Status201Created, IsCommand = true },
        new("GET", "/api/v1/templates", Templates, "Ready templates and the site's own.", "admin", "viewer"),
        new("POST", "/api/v1/templates", Templates, "Make a template of the site's own.", "admin", "editor") { Body = typeof(TemplateRequest), Example = TemplateExample, Status = StatusCodes.Status201Created, IsCommand = true },
        new("GET", "/api/v1/templates/{key}", Templates, "One template.", "admin", "viewer") { Answer = typeof(TemplateRequest) },
        new("PUT", "/api/v1/templates/{key}", Templates, "Define an own template anew.", "admin", "editor") { Body = typeof(TemplateRequest), Example = TemplateExample, IsCommand = true },
        new("DELETE", "/api/v1/templates/{key}", Templates, "Delete an own template; experiments made from it stay.", "admin", "editor") { Status = StatusCodes.Status204NoContent, IsCommand = true },
        new("POST", "/api/v1/templates/{key}/experiments", Templates, "Make a draft from a template; its members go before the template's.", "admin", "editor")
        {
            Body = typeof(ExperimentRequest),
            Example = """{"key": "autumn-hero", "variants": [{"key": "control"}, {"key": "warm", "config": {"headline": "Warm up"}}]}""",
            Status = StatusCodes.Status201Created,
            Answer = typeof(ExperimentView),
            IsCommand = true,
        },
        new("GET", "/api/v1/saved-groups", "saved groups", "Lists of values that targeting names with $inGroup.", "admin", "viewer"),
        new("POST", "/api/v1/saved-groups", "saved groups", "Make a list.", "admin", "editor") { Body = typeof(SavedGroupRequest), Example = GroupExample, Status = StatusCodes.Status201Created, IsCommand = true },
        new("PUT", "/api/v1/saved-groups/{key}", "saved groups", "Replace a list.", "admin", "editor") { Body = typeof(SavedGroupRequest), Example = GroupExample, IsCommand = true },
    ];
}
