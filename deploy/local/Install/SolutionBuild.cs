using System.Security.Cryptography;
using System.Text;

namespace CroPlatform.Local.Install;

/// <summary>Builds the solution when anything that goes into it changed since the last build that succeeded.</summary>
internal static class SolutionBuild
{
    private static readonly string[] Folders = ["deploy", "protos", "services", "shared", "tests"];
    private static readonly string[] NotSources = ["bin", "obj", "node_modules", "TestResults", "packages", "__pycache__"];

    private static string Stamp => Checkout.Path("deploy/local/obj", "build.stamp");

    public static bool IsCurrent() => File.Exists(Stamp) && File.ReadAllText(Stamp) == SourcesHash(Checkout.Root);

    /// <exception cref="FailureException">It did not build; with the compiler's errors.</exception>
    public static async Task BuildAsync(string log, CancellationToken cancel)
    {
        var hash = SourcesHash(Checkout.Root);
        var result = await Shell.RunAsync(
            "dotnet",
            ["build", Checkout.Path("CroPlatform.sln"), "-c", Checkout.Configuration, "-v", "q", "-nodeReuse:false", "-p:WarningLevel=5"],
            cancel);
        await File.WriteAllTextAsync(log, result.Output, cancel);
        if (!result.Succeeded)
        {
            var errors = result.Output.Split('\n').Where(line => line.Contains("error", StringComparison.OrdinalIgnoreCase)).Select(line => line.Trim()).Distinct().Take(20);
            throw new FailureException($"the solution did not build ({log} has it all):\n    {string.Join("\n    ", errors)}");
        }

        await File.WriteAllTextAsync(Stamp, hash, cancel);
    }

    /// <summary>One hash over the path, length and time of every file that a build could read.</summary>
    public static string SourcesHash(string root)
    {
        var text = new StringBuilder();
        foreach (var file in new DirectoryInfo(root).EnumerateFiles().Concat(Folders.Select(name => new DirectoryInfo(Path.Combine(root, name))).Where(folder => folder.Exists).SelectMany(Sources)).OrderBy(file => file.FullName, StringComparer.Ordinal))
            text.Append(file.FullName).Append('|').Append(file.Length).Append('|').Append(file.LastWriteTimeUtc.Ticks).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static IEnumerable<FileInfo> Sources(DirectoryInfo folder) =>
        folder.EnumerateFiles().Concat(folder.EnumerateDirectories().Where(inner => !NotSources.Contains(inner.Name)).SelectMany(Sources));
}
