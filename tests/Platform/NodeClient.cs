using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>A script under clients/, which uses a vendor's own package from npm.</summary>
internal static class NodeClient
{
    /// <summary>Gives the script its input and returns the JSON that it prints.</summary>
    public static async Task<JsonNode> RunAsync(string client, string script, object input)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var process = Start(client, script);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await JsonSerializer.SerializeAsync(process.StandardInput.BaseStream, input, cancellationToken: limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            Assert.That(process.ExitCode, Is.Zero, $"{client}/{script}: {await errors}");
            return JsonNode.Parse(await output)!;
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Gives the script its input and returns its lines as it prints them; ends it when nobody reads any more.</summary>
    public static async IAsyncEnumerable<string> LinesAsync(string client, string script, object input)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var process = Start(client, script);
        try
        {
            await JsonSerializer.SerializeAsync(process.StandardInput.BaseStream, input, cancellationToken: limit.Token);
            process.StandardInput.Close();
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line) yield return line;
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(string client, string script)
    {
        var folder = Path.Combine(ClientsFolder(), client);
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) Assert.Fail($"its packages are missing: run 'npm ci' in {folder}");
        return Process.Start(new ProcessStartInfo("node", [script])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static string ClientsFolder([CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "clients");
}
