using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Experimentation.Tests.Evaluation;

/// <summary>GrowthBook's own SDK, from npm, decides from our payload as our rules do.</summary>
public sealed class SdkClientTests
{
    private const int SitesDrawn = 25;
    private const int Experiments = 10;
    private const int Users = 400;

    [Test]
    public async Task Sdk_OnOurPayload_AgreesOnAHundredThousandAssignments()
    {
        var sites = Enumerable.Range(1, SitesDrawn).Select(seed => new RandomSite(seed, Experiments)).ToList();
        var users = sites.ConvertAll(site => Enumerable.Range(0, Users).Select(_ => site.User()).ToList());
        var answers = await RunAsync(sites.Zip(users, Question));
        Assert.That(answers, Has.Count.EqualTo(SitesDrawn));
        var (agreed, assigned) = (0, 0);
        for (var s = 0; s < sites.Count; s++)
        {
            for (var u = 0; u < Users; u++)
            {
                for (var e = 0; e < Experiments; e++)
                {
                    var (rules, key) = (sites[s].Rules, sites[s].Keys[e]);
                    var decision = rules.Decide(key, users[s][u]);
                    if (Agrees(rules.Find(key)!.Experiment, decision, answers[s][u][e])) agreed++;
                    else Assert.Fail($"site {s + 1}, user {users[s][u]}, {key}: {decision}, but the SDK says {answers[s][u][e]}");
                    if (decision.InExperiment) assigned++;
                }
            }
        }

        Assert.That(agreed, Is.EqualTo(100_000));
        Assert.That(assigned, Is.GreaterThan(15_000), "many users take part");
    }

    private static object Question(RandomSite site, List<EvaluationContext> users) => new
    {
        payload = JsonDocument.Parse(SdkPayload.Write(site.Rules, RandomSite.Now)).RootElement,
        features = site.Keys,
        users = users.Select(u =>
        {
            var inSdk = site.InSdk(u);
            return new { attributes = inSdk.Attributes, url = "", documents = inSdk.Sticky!.Documents };
        }),
    };

    private static bool Agrees(Experiment experiment, Decision decision, JsonElement answer)
    {
        var expected = JsonDocument.Parse(SdkValues.Served(experiment).ByVariant[decision.Variant]).RootElement;
        var isIn = answer[1].GetString() == "experiment";
        return JsonElement.DeepEquals(answer[0], expected)
            && isIn == decision.InExperiment
            && (!isIn || answer[2].GetString() == experiment.Variants[decision.Variant].Key);
    }

    private static async Task<List<JsonElement>> RunAsync(IEnumerable<object> questions)
    {
        var folder = Path.Combine(Folder(), "..", "clients", "node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) Assert.Fail($"its packages are missing: run 'npm ci' in {folder}");
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var process = Process.Start(new ProcessStartInfo("node", ["evaluate.mjs"])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            foreach (var question in questions) await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(question, JsonSerializerOptions.Web));
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            Assert.That(process.ExitCode, Is.Zero, await errors);
            return [.. (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static string Folder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;
}
