using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace CroPlatform.Experimentation.Tests.Evaluation;

/// <summary>GrowthBook's own SDK, as npm has it.</summary>
internal static class SdkClient
{
    /// <summary>Gives a script of clients/node its questions, one a line, and returns its answers.</summary>
    public static async Task<List<JsonElement>> RunAsync(string script, IEnumerable<object> questions)
    {
        var folder = Path.Combine(Folder(), "..", "clients", "node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) Assert.Fail($"its packages are missing: run 'npm ci' in {folder}");
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var process = Process.Start(new ProcessStartInfo("node", [script])
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
