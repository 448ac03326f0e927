namespace CroPlatform.Bench.Chaos;

/// <summary>Faults as they were carried out.</summary>
internal sealed class FaultLog
{
    private readonly List<(FaultKind Kind, TimeSpan? Recovered)> _done = [];

    public TimeSpan Length { get; set; }

    public void Note(FaultKind kind, TimeSpan? recovered) => _done.Add((kind, recovered));

    public IEnumerable<IGrouping<FaultKind, TimeSpan?>> ByKind => _done.GroupBy(d => d.Kind, d => d.Recovered).OrderBy(g => g.Key);
}

/// <summary>A run as tables of Markdown, and what does not hold.</summary>
internal static class ChaosReport
{
    public static void Write(int seed, FaultLog log, Ledger ledger, LedgerCheck check, Deployment deployment)
    {
        Console.WriteLine();
        Console.WriteLine("| faults | times | recovered in s: median | max |");
        Console.WriteLine("|---|---:|---:|---:|");
        foreach (var kind in log.ByKind)
        {
            var recovered = kind.OfType<TimeSpan>().Select(t => t.TotalSeconds).Order().ToList();
            Console.WriteLine(recovered.Count == 0 ? $"| {kind.Key} | {kind.Count()} | – | – |" : $"| {kind.Key} | {kind.Count()} | {recovered[recovered.Count / 2]:0.0} | {recovered[^1]:0.0} |");
        }

        var answers = ledger.Events.Values.ToList();
        Console.WriteLine();
        Console.WriteLine($"length                 {log.Length.TotalSeconds:n0} s");
        Console.WriteLine($"events                 {answers.Count:n0}, sent in {ledger.Copies:n0} copies");
        Console.WriteLine($"  acknowledged         {answers.Count(a => a.HasFlag(Ledger.Answers.Acknowledged)):n0}");
        Console.WriteLine($"  refused only         {answers.Count(a => a == Ledger.Answers.Refused):n0}");
        Console.WriteLine($"  answered never       {answers.Count(a => !a.HasFlag(Ledger.Answers.Acknowledged) && a.HasFlag(Ledger.Answers.Unknown)):n0}, of which in the log {ledger.Events.Count(e => !e.Value.HasFlag(Ledger.Answers.Acknowledged) && e.Value.HasFlag(Ledger.Answers.Unknown) && check.Recount.Records.ContainsKey(e.Key)):n0}");
        Console.WriteLine($"exposures assigned     {ledger.Assigned.Count:n0}");
        Console.WriteLine($"requests               {string.Join(", ", ledger.Requests.OrderBy(r => r.Key).Select(r => $"{r.Key}: {r.Value:n0}"))}");
        Console.WriteLine($"records in the log     {check.Recount.Total:n0}, of which {check.Recount.Poison:n0} broken on purpose, {check.Recount.Quarantined.Count:n0} quarantined");
        Console.WriteLine($"drained after          {check.Drained.TotalSeconds:0.0} s; Redis filled again {check.Rebuilt.TotalSeconds:0.0} s after FLUSHALL");
        Console.WriteLine($"half-open links by     {(NamespaceLink.IsPossible ? "network interfaces that are down" : "proxies that pass nothing on")}");
        foreach (var (name, times) in deployment.Fallen) Console.WriteLine($"ended by itself        {name}, {times} times: see its log");
        foreach (var broken in check.Broken) Console.WriteLine($"BROKEN  {broken}");
        Console.WriteLine(check.Broken.Count == 0 ? $"seed {seed}: every rule holds" : $"seed {seed}: {check.Broken.Count} rules do not hold");
    }
}
