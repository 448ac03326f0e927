namespace CroPlatform.Local.Install;

/// <summary>Installs Debian packages without letting them start servers of their own.</summary>
internal static class Apt
{
    private const string ClusterSettings = "/etc/postgresql-common/createcluster.conf";
    private const string ServicePolicy = "/usr/sbin/policy-rc.d";

    private static readonly Dictionary<string, string> Quiet = new()
    {
        ["DEBIAN_FRONTEND"] = "noninteractive",
        ["LC_ALL"] = "C.UTF-8",
    };

    public static bool IsInstalled(string package) =>
        File.Exists($"/var/lib/dpkg/info/{package}.list") ||
        Directory.Exists("/var/lib/dpkg/info") && Directory.EnumerateFiles("/var/lib/dpkg/info", package + ":*.list").Any();

    /// <exception cref="FailureException">Something is missing and cannot be installed from here; says what to install.</exception>
    public static async Task InstallAsync(IReadOnlyList<Requirement> missing, Progress progress, CancellationToken cancel)
    {
        if (missing.Count == 0)
            return;
        string[] packages = [.. missing.SelectMany(requirement => requirement.Packages).Distinct()];
        var names = string.Join(' ', packages);
        if (Shell.Find("apt-get") is null)
            throw new FailureException($"missing: {string.Join(", ", missing.Select(requirement => requirement.What))}; install what brings it (on Debian: {names}), then run this again");
        if (!Environment.IsPrivilegedProcess)
            throw new FailureException($"missing: {string.Join(", ", missing.Select(requirement => requirement.What))}; run\n    sudo apt-get install --no-install-recommends {names}\nthen this again");

        await progress.WatchAsync("install", $"apt-get install {names}", async () =>
        {
            KeepPostgresFromMakingAServer();
            var policy = KeepServicesFromStarting();
            try
            {
                await GetAsync(packages, cancel);
            }
            finally
            {
                if (policy)
                    File.Delete(ServicePolicy);
            }

            return names;
        });
    }

    private static async Task GetAsync(string[] packages, CancellationToken cancel)
    {
        string[] install = ["install", "-y", "-q", "--no-install-recommends", .. packages];

        // The package lists may be absent or too old; only then are they fetched.
        var known = Directory.Exists("/var/lib/apt/lists") && Directory.EnumerateFiles("/var/lib/apt/lists", "*_Packages*").Any();
        if (known && (await RunAsync(install, cancel)).Succeeded)
            return;
        var update = await RunAsync(["update", "-q"], cancel);
        var result = await RunAsync(install, cancel);
        if (!result.Succeeded)
            throw new FailureException($"apt-get {(update.Succeeded ? "install" : "update")} failed:\n{(update.Succeeded ? result : update).Tail()}");
    }

    private static Task<ShellResult> RunAsync(string[] arguments, CancellationToken cancel) =>
        Shell.RunAsync("apt-get", ["-o", "DPkg::Lock::Timeout=300", .. arguments], cancel, environment: Quiet);

    private static void KeepPostgresFromMakingAServer()
    {
        if (File.Exists(ClusterSettings) || Directory.Exists("/etc/postgresql"))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(ClusterSettings)!);
        File.WriteAllText(ClusterSettings, "create_main_cluster = false\n");
    }

    /// <summary>Debian asks this script before it starts a service after installing it; 101 means no.</summary>
    private static bool KeepServicesFromStarting()
    {
        if (File.Exists(ServicePolicy))
            return false;
        File.WriteAllText(ServicePolicy, "#!/bin/sh\nexit 101\n");
        File.SetUnixFileMode(ServicePolicy, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return true;
    }
}
