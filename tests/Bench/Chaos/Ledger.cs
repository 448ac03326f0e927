using System.Collections.Concurrent;

namespace CroPlatform.Bench.Chaos;

/// <summary>What the clients know: every id that was sent, and how it was answered. It shares nothing with the platform.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<string, Answers> _events = new();
    private readonly ConcurrentDictionary<string, string> _assigned = new();
    private readonly ConcurrentDictionary<string, long> _requests = new();
    private long _copies;
    private long _acknowledged;

    [Flags]
    public enum Answers
    {
        None = 0,
        Acknowledged = 1,
        Refused = 2,

        /// <summary>A copy was sent of which nobody knows what became: the connection broke, or the answer was a 5xx.</summary>
        Unknown = 4,
    }

    public IReadOnlyDictionary<string, Answers> Events => _events;

    /// <summary>Visitors whose assignment was answered after its exposure was recorded, with the variant.</summary>
    public IReadOnlyDictionary<string, string> Assigned => _assigned;

    /// <summary>Requests by how they were answered: a status, or <c>broken</c>.</summary>
    public IReadOnlyDictionary<string, long> Requests => _requests;

    public long Copies => Interlocked.Read(ref _copies);

    /// <summary>Copies answered as taken so far.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public void Sent(IReadOnlyCollection<string> ids) => Interlocked.Add(ref _copies, ids.Count);

    public void Note(string id, Answers answer)
    {
        _events.AddOrUpdate(id, answer, (_, before) => before | answer);
        if (answer == Answers.Acknowledged) Interlocked.Increment(ref _acknowledged);
    }

    public void NoteRequest(string answer) => _requests.AddOrUpdate(answer, 1, (_, n) => n + 1);

    public void NoteAssigned(string visitor, string variant) => _assigned[visitor] = variant;
}
