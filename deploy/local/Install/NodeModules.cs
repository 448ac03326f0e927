namespace CroPlatform.Local.Install;

/// <summary>Installs what the tests' own JavaScript needs, as their lock files say.</summary>
internal static class NodeModules
{
    public static async Task InstallAsync(Progress progress, CancellationToken cancel)
    {
        foreach (var package in Directory.EnumerateFiles(Checkout.Path("tests"), "package.json", SearchOption.AllDirectories).Where(IsOurs).Order(StringComparer.Ordinal))
        {
            var folder = Path.GetDirectoryName(package)!;
            var installed = Path.Combine(folder, "node_modules/.package-lock.json");
            if (File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
                continue;
            var name = Path.GetRelativePath(Checkout.Root, folder);
            await progress.WatchAsync("npm", $"npm ci in {name}", async () =>
            {
                var result = await Shell.RunAsync("npm", ["ci", "--no-audit", "--no-fund"], cancel, folder);
                return result.Succeeded ? $"npm ci in {name}" : throw new FailureException($"npm ci in {name} failed:\n{result.Tail()}");
            });
        }
    }

    private static bool IsOurs(string file) =>
        !file.Split(Path.DirectorySeparatorChar).Any(part => part is "node_modules" or "bin" or "obj");
}
