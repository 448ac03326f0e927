using CroPlatform.Demo;
using CroPlatform.Demo.Api;
using CroPlatform.Demo.Shop;
using CroPlatform.Demo.Upworthy;

// The main job on real input, against a running platform: --endpoints FILE [--events N] [--seed N].
var options = args.Chunk(2).ToDictionary(a => a[0], a => a.Length == 2 ? a[1] : "");
var events = int.Parse(options.GetValueOrDefault("--events") ?? "300000");
var seed = int.Parse(options.GetValueOrDefault("--seed") ?? "1");
var endpoints = Endpoints.Read(options["--endpoints"]);
var run = DateTime.UtcNow.ToString("MMdd-HHmmss");

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
using var api = new PublicApi(endpoints);
var tests = UpworthyTest.Read(Path.Combine(AppContext.BaseDirectory, "data", "upworthy", "tests.csv"), events);
var upworthy = new UpworthyTraffic(api, tests, run, seed);
var shop = new ShopTraffic(api, endpoints, run, seed, Math.Max(4_000, events / 25));
var before = await api.BalanceAsync(stop.Token);

Console.WriteLine($"demo: {tests.Count} tests of the Upworthy archive ({upworthy.Events} events), and a shop of {shop.Visitors} visitors beside them");
await upworthy.SetUpAsync(stop.Token);
await shop.SetUpAsync(stop.Token);
await Streaming.RunAsync(Task.WhenAll(upworthy.StreamAsync(stop.Token), shop.StreamAsync(stop.Token)), api, before, stop.Token);

Console.WriteLine("demo: everything is counted; stopping the experiments, which makes their verdicts final");
var keys = tests.Select(upworthy.KeyOf).Append(shop.Key).ToList();
foreach (var key in keys) await api.TransitAsync(key, "stop", stop.Token);
var results = new Dictionary<string, Results>();
foreach (var key in keys) results[key] = await Streaming.FinalAsync(api, key, stop.Token);

var report = new Report(Console.Out);
foreach (var test in tests) report.Print(test, upworthy.KeyOf(test), results[upworthy.KeyOf(test)]);
report.Print(shop, results[shop.Key]);
report.Print(api, (await api.BalanceAsync(stop.Token)).Since(before));
var verdicts = results.Values.GroupBy(r => r.Decision.Verdict).OrderByDescending(g => g.Count()).Select(g => $"{g.Count()} {g.Key}");
Console.WriteLine($"verdicts  {string.Join(", ", verdicts)}; blocked ones failed the sample-ratio check");
Console.WriteLine(report.Differences == 0 ? "demo: every count equals the file's and the shop's" : $"demo: {report.Differences} figures differ");
return report.Differences == 0 ? 0 : 1;
