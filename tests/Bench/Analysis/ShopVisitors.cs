using CroPlatform.Bench.Traffic;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// Visitors who come and go: each sees a page, is shown a handful of the experiments, does something, and makes room for the next one.
/// Not for several threads at once.
/// </summary>
/// <param name="exposed">Told of every exposure: the experiment's index.</param>
internal sealed class ShopVisitors(string run, IReadOnlyList<string> experiments, int present, Action<int> exposed)
{
    public const int Events = 20;
    public const int ExperimentsEach = 5;

    private static readonly string[] Contexts =
    [
        .. from device in (string[])["mobile", "desktop", "tablet"]
           from country in (string[])["PL", "DE", "FR", "GB", "US"]
           from browser in (string[])["Chrome", "Safari", "Firefox"]
           select $$"""{"device_type":"{{device}}","country":"{{country}}","browser":"{{browser}}","campaign":{"source":"{{(country == "US" ? "search" : "mail")}}"} }""",
    ];

    private readonly Random _random = new(1);
    private readonly (int Visitor, int Step)[] _present = [.. Enumerable.Range(0, present).Select(i => (i, i * Events / present))];
    private int _visitors = present;

    public int Count => _visitors;

    /// <summary>Somebody's next event.</summary>
    public void Next(EventRequest request)
    {
        var at = _random.Next(_present.Length);
        var (number, step) = _present[at];
        _present[at] = step + 1 < Events ? (number, step + 1) : (_visitors++, 0);
        var (visitor, id, now) = ($"{run}-v{number}", $"{run}-{number}-{step}", DateTimeOffset.UtcNow);
        if (step is > 0 and <= ExperimentsEach)
        {
            // Neighbours see other experiments; the factor has none in common with usual counts.
            var experiment = (int)((number * 7_919L + step - 1) % experiments.Count);
            request.Exposure(id, visitor, now, experiments[experiment], SplitExperiments.VariantOf(experiments[experiment], visitor), Contexts[number % Contexts.Length]);
            exposed(experiment);
            return;
        }

        request.Outcome(id, ShopMetrics.Events[_random.Next(ShopMetrics.Events.Count)], visitor, now, _random.Next(100, 50_000) / 100.0, """{"section":"shoes","position":3}""");
    }
}
