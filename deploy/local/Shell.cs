using System.Diagnostics;
using System.Text;

namespace CroPlatform.Local;

/// <summary>What a command said (both streams, as they came) and how it ended.</summary>
internal sealed record ShellResult(int ExitCode, string Output)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>The last lines, for a message.</summary>
    public string Tail(int lines = 15) =>
        string.Join('\n', Output.TrimEnd().Split('\n').TakeLast(lines).Select(line => "    " + line));
}

/// <summary>Runs a tool to its end.</summary>
internal static class Shell
{
    /// <param name="onLine">Sees each line as it comes.</param>
    /// <param name="input">What the tool reads; nothing by default.</param>
    public static async Task<ShellResult> RunAsync(
        string file,
        IEnumerable<string> arguments,
        CancellationToken cancel,
        string? folder = null,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null,
        Action<string>? onLine = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = folder ?? Checkout.Root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        var output = new StringBuilder();
        void Take(object _, DataReceivedEventArgs line)
        {
            if (line.Data is null)
                return;
            lock (output)
                output.AppendLine(line.Data);
            onLine?.Invoke(line.Data);
        }

        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += Take;
        process.ErrorDataReceived += Take;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await FeedAsync(process.StandardInput, input);
            await process.WaitForExitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        lock (output)
            return new ShellResult(process.ExitCode, output.ToString());
    }

    private static async Task FeedAsync(StreamWriter stream, string? input)
    {
        try
        {
            await stream.WriteAsync(input);
            stream.Close();
        }
        catch (IOException)
        {
            // The tool ended without reading it all; its exit code says how.
        }
    }

    /// <summary>The full path of a tool in PATH (and the administrator's folders), or null.</summary>
    public static string? Find(string tool) =>
        ((Environment.GetEnvironmentVariable("PATH") ?? "") + ":/usr/local/sbin:/usr/sbin:/sbin")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, tool))
            .FirstOrDefault(File.Exists);
}
