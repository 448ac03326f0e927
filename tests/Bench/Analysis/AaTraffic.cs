using System.Text;
using CroPlatform.Bench.Load;
using CroPlatform.Bench.Traffic;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// Visitors who come throughout the simulated days, see many experiments and convert a few hours later: once for all experiments of equal arms, which
/// cannot change that, and by an event of its own for each with a planted effect.
/// </summary>
internal sealed class AaTraffic
{
    public const double Baseline = 0.2;
    public const int WindowHours = 6;

    private const int PerRequest = 500;

    /// <summary>Outcomes come this long after the exposure at most: within the window, also if the sender is late.</summary>
    private static readonly TimeSpan Slowest = TimeSpan.FromHours(3);

    private readonly string _run;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly int _visitors;
    private readonly int _each;
    private readonly int _eachPlanted;
    private readonly TimeSpan _length;
    private readonly Dictionary<string, int> _units;
    private readonly Dictionary<string, HashSet<long>> _hours;

    public AaTraffic(string run, Settings settings, TimeProvider clock)
    {
        (_run, _clock, _random) = (run, clock, new Random(settings["seed"]));
        Equal = [.. Enumerable.Range(0, settings["experiments"]).Select(i => $"{run}-{i}")];
        Planted = [.. Enumerable.Range(0, settings["planted"]).Select(i => $"{run}-{(i % 2 == 0 ? "fixed" : "group_sequential")}-{i}")];
        (_visitors, _each, _length) = (settings["visitors"], Math.Min(settings["each"], Equal.Count), TimeSpan.FromDays(settings["days"]));
        // As many units in these as in those.
        _eachPlanted = Math.Max(1, _each * Planted.Count / Equal.Count);
        _units = Equal.Concat(Planted).ToDictionary(e => e, _ => 0);
        _hours = _units.Keys.ToDictionary(e => e, _ => new HashSet<long>());
    }

    public IReadOnlyList<string> Equal { get; }
    public IReadOnlyList<string> Planted { get; }

    /// <summary>Expected in each arm of a planted experiment.</summary>
    public double UnitsAnArm => _visitors * (double)_eachPlanted / Planted.Count / 2;

    /// <summary>What the treatments of planted experiments add to the baseline.</summary>
    public double Effect { get; set; }

    public long Sent { get; private set; }

    public int UnitsOf(string experiment) => _units[experiment];

    /// <summary>The simulated hours (<see cref="VerdictWatch.HourOf"/>) in whose first half a visitor came to it: each of them has something new to look at.</summary>
    public IReadOnlyCollection<long> HoursOf(string experiment) => _hours[experiment];

    public static string CommonOutcome(string run) => $"{run}-converted";

    /// <summary>Sends each event at its time by the simulated clock, or as soon after as it can.</summary>
    public async Task SendAsync(RunningPlatform platform)
    {
        using var connection = await HttpConnection.OpenAsync(platform.Http("ingestion"));
        var (request, began) = (new EventRequest(platform.WriteKey), _clock.GetUtcNow());
        var outcomes = new PriorityQueue<(string Visitor, string Event), DateTimeOffset>();
        var visitor = 0;
        while (visitor < _visitors || outcomes.Count > 0)
        {
            var now = _clock.GetUtcNow();
            if (visitor < _visitors && began + _length * visitor / _visitors <= now)
            {
                Arrive($"{_run}-v{visitor++}", request, now, outcomes);
            }
            else if (outcomes.TryPeek(out var outcome, out var due) && due <= now)
            {
                outcomes.Dequeue();
                request.Outcome($"{outcome.Visitor}-{outcome.Event}", outcome.Event, outcome.Visitor, now, 1);
            }
            else
            {
                await FlushAsync(connection, request);
                await Task.Delay(20);
            }

            if (request.Count >= PerRequest) await FlushAsync(connection, request);
        }

        await FlushAsync(connection, request);
    }

    private void Arrive(string visitor, EventRequest request, DateTimeOffset now, PriorityQueue<(string, string), DateTimeOffset> outcomes)
    {
        if (_random.NextDouble() < Baseline) Outcome(CommonOutcome(_run));
        foreach (var experiment in Some(Equal, _each)) Expose(experiment);
        foreach (var experiment in Some(Planted, _eachPlanted))
        {
            Expose(experiment);
            if (_random.NextDouble() < Baseline + (SplitExperiments.IsTreated(experiment, visitor) ? Effect : 0)) Outcome(experiment);
        }

        void Expose(string experiment)
        {
            _units[experiment]++;
            if (now.Minute < 30) _hours[experiment].Add(VerdictWatch.HourOf(now));
            request.Exposure($"{visitor}-{experiment}-x", visitor, now, experiment, SplitExperiments.VariantOf(experiment, visitor));
        }

        void Outcome(string type) => outcomes.Enqueue((visitor, type), now + Slowest * (0.05 + 0.95 * _random.NextDouble()));
    }

    /// <summary>So many different ones.</summary>
    private IEnumerable<string> Some(IReadOnlyList<string> all, int count)
    {
        var drawn = new HashSet<int>();
        while (drawn.Count < Math.Min(count, all.Count)) drawn.Add(_random.Next(all.Count));
        return drawn.Select(i => all[i]);
    }

    private async Task FlushAsync(HttpConnection connection, EventRequest request)
    {
        if (request.Count == 0) return;
        var events = request.Count;
        var reply = await connection.AskAsync(request.Take());
        if (reply.Status != 202 || !reply.Body.Span.StartsWith(Encoding.ASCII.GetBytes($"{{\"accepted\":{events},")))
        {
            throw new BenchException($"the gateway answered {reply.Status}: {Encoding.UTF8.GetString(reply.Body.Span[..Math.Min(500, reply.Body.Length)])}");
        }

        Sent += events;
    }
}
