namespace CroPlatform.Bench.Analysis;

/// <summary>Ten metrics of a shop, of every kind, and the events that they read.</summary>
internal static class ShopMetrics
{
    public static IReadOnlyList<string> Events { get; } = ["page_view", "page_view", "click", "click", "add_to_cart", "checkout", "purchase", "load_time"];

    /// <returns>Their keys.</returns>
    public static async Task<IReadOnlyList<string>> CreateAsync(RunningPlatform platform, string prefix)
    {
        (string Name, object Definition)[] metrics =
        [
            ("buyers", new { kind = "conversion", @event = "purchase", window_hours = 168 }),
            ("shoe-clickers", new { kind = "conversion", @event = "click", filter = new { section = "shoes" }, window_hours = 24 }),
            ("views", new { kind = "count", @event = "page_view", window_hours = 168 }),
            ("revenue", new { kind = "sum", @event = "purchase", cap = 1_000, window_hours = 168 }),
            ("basket", new { kind = "mean", @event = "purchase", window_hours = 168 }),
            ("a-click", new { kind = "ratio", numerator = new { @event = "purchase" }, denominator = new { @event = "click" }, window_hours = 168 }),
            ("load-p90", new { kind = "quantile", @event = "load_time", q = 0.9, window_hours = 168 }),
            ("to-purchase", new { kind = "duration", @event = "purchase", window_hours = 24 }),
            ("comes-back", new { kind = "retention", @event = "page_view", day = 1 }),
            ("funnel", new { kind = "conversion", steps = new[] { new { @event = "add_to_cart" }, new { @event = "checkout" }, new { @event = "purchase" } }, window_hours = 168 }),
        ];
        foreach (var (name, definition) in metrics)
        {
            var metric = System.Text.Json.JsonSerializer.SerializeToNode(definition)!.AsObject();
            (metric["key"], metric["direction"]) = ($"{prefix}-{name}", "increase");
            await platform.AdminAsync(HttpMethod.Post, "/api/v1/metrics", metric);
        }

        return [.. metrics.Select(m => $"{prefix}-{m.Name}")];
    }
}
