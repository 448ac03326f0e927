using System.Text.RegularExpressions;

namespace CroPlatform.Local.Testing;

/// <summary>A built test project and how to run it.</summary>
internal sealed partial record TestProject(string Name, string Assembly)
{
    // Drives the whole platform, also killing parts of it: last, and alone.
    private const string WholePlatform = "CroPlatform.Platform.Tests";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);
    private static readonly string[] Banners = ["VSTest version", "Starting test execution", "A total of ", "Results File", "Test Run ", "Passed!", "Failed!", "Skipped!", "No test matches", "Additionally, path to"];

    public bool RunsAlone => Name == WholePlatform;

    /// <summary>Those of the checkout: tests/NAME/NAME.Tests.csproj.</summary>
    public static IReadOnlyList<TestProject> All() =>
    [
        .. Directory.EnumerateFiles(Checkout.Path("tests"), "*.Tests.csproj", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => new TestProject(Path.GetFileNameWithoutExtension(file), Checkout.Assembly(Path.GetDirectoryName(file)!, Path.GetFileNameWithoutExtension(file)))),
    ];

    /// <summary>The test platform's filter: tests whose full name has the text in it.</summary>
    public static string FilterFor(string text) => "FullyQualifiedName~" + Special().Replace(text, @"\$0");

    /// <summary>Runs its tests, showing each failure as it comes.</summary>
    /// <param name="environment">What the tests are told, say where the platform is.</param>
    public async Task<TestReport> RunAsync(string? filter, IReadOnlyDictionary<string, string> environment, string results, Progress progress, CancellationToken cancel)
    {
        var trx = Path.Combine(results, Name + ".trx");
        File.Delete(trx);
        var inFailure = false;
        void Show(string line)
        {
            // Between a failure's first line and the next banner everything belongs to it.
            if (Banners.Any(banner => line.TrimStart().StartsWith(banner, StringComparison.Ordinal)))
                inFailure = false;
            else if (line.TrimStart().StartsWith("Failed ", StringComparison.Ordinal) || line.Contains("error", StringComparison.OrdinalIgnoreCase))
                inFailure = true;
            if (inFailure)
                progress.Line($"    [{Name}] {line}");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        string[] arguments =
        [
            "test", Assembly, "--results-directory", results, "--logger", $"trx;LogFileName={Name}.trx", "--logger", "console;verbosity=minimal",
            .. filter is null ? [] : new[] { "--filter", FilterFor(filter) },
        ];
        try
        {
            var run = await Shell.RunAsync("dotnet", arguments, limit.Token, environment: environment, onLine: Show);
            var told = File.Exists(trx) ? await File.ReadAllTextAsync(trx, cancel) : null;
            var report = told is null ? default : TestReport.ParseTrx(told);
            foreach (var line in TestReport.Measured(told)) progress.Line($"    [{Name}] {line}");
            if (run.Succeeded || report.Failed > 0)
                return report;
            progress.Line($"    [{Name}] the test host failed:\n{run.Tail()}");
            return report with { Failed = 1 };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            progress.Line($"    [{Name}] did not end within {Limit.TotalMinutes:0} minutes and was stopped");
            return new TestReport(0, 1);
        }
    }

    [GeneratedRegex(@"[\\()&|=!~]", RegexOptions.None, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Special();
}
