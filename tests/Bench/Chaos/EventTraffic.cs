using System.Globalization;
using System.Text.Json.Nodes;

namespace CroPlatform.Bench.Chaos;

/// <summary>One event to be sent, and whether it is given up after one attempt.</summary>
internal sealed record Outbound(string Id, JsonObject Json);

/// <summary>
/// What one client's visitors do, drawn from a seed: exposures to an experiment by visitor and one by user, purchases, page views, and now and
/// then an event five days old. Each event is there one to five times, shuffled, some copies much later than others.
/// </summary>
internal sealed class EventTraffic(ChaosExperiments experiments, int seed, int client)
{
    public const string ViewType = "page_view";

    private const int VisitorsAtOnce = 30;
    private const int MostWaiting = 400;

    private readonly Random _random = new(seed * 1_000 + client);
    private readonly List<Outbound> _waiting = [];
    private int _visitors;

    /// <summary>The next events to be sent together.</summary>
    public IReadOnlyList<Outbound> Next(int count, DateTimeOffset now)
    {
        while (_waiting.Count < MostWaiting + count)
        {
            for (var i = 0; i < VisitorsAtOnce; i++) AddVisitor(now);
            var shuffled = _waiting.ToArray();
            _random.Shuffle(shuffled);
            _waiting.Clear();
            _waiting.AddRange(shuffled);
        }

        var next = _waiting.GetRange(_waiting.Count - count, count);
        _waiting.RemoveRange(_waiting.Count - count, count);
        return next;
    }

    /// <summary>What was not sent yet.</summary>
    public IReadOnlyList<Outbound> Rest()
    {
        Outbound[] rest = [.. _waiting];
        _waiting.Clear();
        return rest;
    }

    private void AddVisitor(DateTimeOffset now)
    {
        var visitor = $"{experiments.Run}-{client}-{_visitors++}";

        // Two visitors in a row are one user.
        var user = $"{experiments.Run}-{client}-u{_visitors / 2}";
        Add(visitor, user, "x", now, json => (json["type"], json["experiment"], json["variant"]) = ("exposure", experiments.ByVisitor, experiments.Variants[_random.Next(experiments.Variants.Count)]));
        Add(visitor, user, "y", now, json => (json["type"], json["experiment"], json["variant"]) = ("exposure", experiments.ByUser, experiments.Variants[user.GetHashCodeStable() % experiments.Variants.Count]));
        var orders = _random.Next(3) == 0 ? _random.Next(1, 4) : 0;
        for (var i = 0; i < orders; i++)
        {
            var value = _random.Next(1, 100_000) / 100m;
            Add(visitor, user, $"p{i}", now.AddMilliseconds(_random.Next(-500, 2_000)), json => (json["type"], json["value"]) = (experiments.Purchase, value));
        }

        Add(visitor, user, "v", now, json => json["type"] = ViewType);
        if (_random.Next(50) == 0) Add(visitor, user, "late", now.AddDays(-5), json => json["type"] = ViewType);
    }

    private void Add(string visitor, string user, string name, DateTimeOffset at, Action<JsonObject> fill)
    {
        var id = $"{visitor}-{name}";
        var json = new JsonObject { ["id"] = id, ["visitor_id"] = visitor, ["user_id"] = user, ["timestamp"] = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) };
        fill(json);
        var copies = _random.Next(2) == 0 ? 1 : _random.Next(2, 6);
        _waiting.AddRange(Enumerable.Repeat(new Outbound(id, json), copies));
    }
}

internal static class StableHash
{
    /// <summary>The same in every process, unlike that of strings.</summary>
    public static int GetHashCodeStable(this string text) => text.Aggregate(17, (hash, c) => (hash * 31 + c) & int.MaxValue);
}
