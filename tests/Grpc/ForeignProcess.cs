using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace CroPlatform.Grpc.Tests;

/// <summary>A script under clients/, run with Debian's python3-grpcio or with @grpc/grpc-js.</summary>
internal sealed class ForeignProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ForeignProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts "client" or "server" of "python" or "node".</summary>
    public static ForeignProcess Start(string language, string script, params string[] arguments)
    {
        var (program, file) = language switch
        {
            "python" => ("/usr/bin/python3", $"{script}.py"),
            "node" => ("node", $"{script}.js"),
            _ => throw new ArgumentOutOfRangeException(nameof(language), language, null),
        };
        var folder = Path.Combine(ClientsFolder(), language);
        if (language == "node" && !Directory.Exists(Path.Combine(folder, "node_modules", "@grpc", "grpc-js")))
            Assert.Fail($"@grpc/grpc-js is missing: run 'npm ci' in {folder}.");
        var start = new ProcessStartInfo(program, [file, .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        return new ForeignProcess(Process.Start(start)!);
    }

    /// <summary>The next line it prints.</summary>
    public async Task<string> ReadLineAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var line = await _process.StandardOutput.ReadLineAsync(limit.Token);
        if (line is null)
            Assert.Fail($"{_process.StartInfo.FileName} ended early (python needs Debian's python3-grpcio): {await _errors}");
        return line!;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static string ClientsFolder([CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "clients");
}
