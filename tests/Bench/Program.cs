using CroPlatform.Bench;
using CroPlatform.Bench.Analysis;
using CroPlatform.Bench.Assign;
using CroPlatform.Bench.Broker;
using CroPlatform.Bench.Ceilings;
using CroPlatform.Bench.Chaos;
using CroPlatform.Bench.Control;
using CroPlatform.Bench.Ingest;
using CroPlatform.Bench.Statistics;

// `./cro bench NAME [name=value …]`; CRO_ENDPOINTS names the platform that is measured.
var measurements = new Dictionary<string, Func<string[], Task<int>>>
{
    ["ingest"] = IngestBench.RunAsync,
    ["assign"] = AssignBench.RunAsync,
    ["evaluation"] = EvaluationSpeed.RunAsync,
    ["broker"] = BrokerBench.RunAsync,
    ["analysis"] = AnalysisBench.RunAsync,
    ["lag"] = LagBench.RunAsync,
    ["aa-platform"] = AaPlatformBench.RunAsync,
    ["aa"] = words => Task.FromResult(AaBench.Run(words)),
    ["chaos"] = ChaosBench.RunAsync,
    ["control"] = ControlBench.RunAsync,
    ["statistics"] = words => Task.FromResult(StatisticsBench.Run(words)),
};
if (args is [BareServer.Verb]) return await BareServer.RunAsync();
if (args is [NamespaceLink.RelayVerb, var from, var to]) return await NamespaceLink.RunRelayAsync(from, to);
if (args is not [var name, .. var rest] || !measurements.TryGetValue(name, out var measure))
{
    await Console.Error.WriteLineAsync($"which measurement? one of: {string.Join(", ", measurements.Keys)}");
    return 2;
}

try
{
    return await measure(rest);
}
catch (BenchException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
