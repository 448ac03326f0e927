using CroPlatform.Local.Data;
using CroPlatform.Local.Install;
using CroPlatform.Local.Run;
using CroPlatform.Local.Testing;

namespace CroPlatform.Local.Commands;

/// <summary>Runs every test project against an instance of its own. The last line is <c>N passed, N failed</c>.</summary>
internal static class TestCommand
{
    private const int AtOnce = 2;

    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var filter = arguments.Word();
        arguments.End();

        await new Preparation(progress).EnsureAsync(forTests: true, cancel);
        var results = Checkout.Path("TestResults");
        Directory.CreateDirectory(results);
        var projects = TestProject.All();
        var total = default(TestReport);
        await using (var platform = await TemporaryPlatform.StartAsync("test", progress, cancel))
        {
            var environment = new Dictionary<string, string> { ["CRO_ENDPOINTS"] = platform.Data.Endpoints };
            using var turns = new SemaphoreSlim(AtOnce);
            var reports = await Task.WhenAll(projects.Where(project => !project.RunsAlone).Select(async project =>
            {
                await turns.WaitAsync(cancel);
                try
                {
                    return await RunOneAsync(project);
                }
                finally
                {
                    turns.Release();
                }
            }));
            total = reports.Aggregate(total, (sum, report) => sum + report);
            foreach (var project in projects.Where(project => project.RunsAlone))
                total += await RunOneAsync(project);
            if (total.Failed > 0)
                KeepLogs(platform.Data, results, progress);

            async Task<TestReport> RunOneAsync(TestProject project)
            {
                var report = default(TestReport);
                await progress.WatchAsync("test", project.Name, async () =>
                {
                    report = await project.RunAsync(filter, environment, results, progress, cancel);
                    return $"{project.Name}: {report.Passed} passed, {report.Failed} failed";
                });
                return report;
            }
        }

        if (total is { Passed: 0, Failed: 0 })
            progress.Line(filter is null ? "no test ran" : $"no test's full name has '{filter}' in it");
        progress.Line($"{total.Passed} passed, {total.Failed} failed");
        return total is { Passed: > 0, Failed: 0 } ? 0 : 1;
    }

    private static void KeepLogs(DataFolder data, string results, Progress progress)
    {
        foreach (var name in Platform.AllNames.Where(name => File.Exists(data.Log(name))))
            File.Copy(data.Log(name), Path.Combine(results, name + ".log"), overwrite: true);
        progress.Line($"  the services' logs are kept in {results}");
    }
}
