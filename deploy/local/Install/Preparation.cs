using CroPlatform.Local.Data;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Install;

/// <summary>Brings a machine from a bare checkout to built programs: packages, the native Kafka client, the solution.</summary>
internal sealed class Preparation(Progress progress)
{
    // A whole first preparation takes a few minutes; who comes second waits for it.
    private static readonly TimeSpan LockLimit = TimeSpan.FromMinutes(20);

    /// <param name="forTests">Also what only the tests need.</param>
    /// <exception cref="FailureException">Something is missing or does not build; says what to do.</exception>
    public async Task EnsureAsync(bool forTests, CancellationToken cancel)
    {
        Directory.CreateDirectory(Checkout.Path("deploy/local/obj"));
        using var held = await DataLock.TakeAsync(Checkout.Path("deploy/local/obj", "prepare.lock"), LockLimit, progress, cancel);

        List<Requirement> wanted = [.. Requirement.ToRun(OutsideServers.FromEnvironment())];
        if (forTests)
            wanted.AddRange(Requirement.ToTest());
        var missing = wanted.Where(requirement => !requirement.IsThere()).ToList();
        if (SolutionBuild.IsCurrent())
            await Apt.InstallAsync(missing, progress, cancel);
        else
            await BuildAsync(missing, cancel);
        if (forTests)
            await NodeModules.InstallAsync(progress, cancel);
    }

    private async Task BuildAsync(IReadOnlyList<Requirement> missing, CancellationToken cancel)
    {
        if (await NativeClient.IsThereAsync(cancel))
        {
            await Apt.InstallAsync(missing, progress, cancel);
        }
        else
        {
            // Compilers first; while librdkafka compiles, apt fetches the rest (it mostly waits for the network).
            var compilers = Requirement.ToBuildNative.Where(requirement => !requirement.IsThere()).ToList();
            if (!Environment.IsPrivilegedProcess)
            {
                // One message for all of it.
                await Apt.InstallAsync([.. compilers, .. missing], progress, cancel);
                missing = compilers = [];
            }

            await Apt.InstallAsync(compilers, progress, cancel);
            await Task.WhenAll(
                progress.WatchAsync("librdkafka", "building from source", async () =>
                {
                    await NativeClient.BuildAsync(cancel);
                    return "built and packed in deploy/native/packages";
                }),
                Apt.InstallAsync(missing, progress, cancel));
        }

        await progress.WatchAsync("build", "dotnet build CroPlatform.sln", async () =>
        {
            await SolutionBuild.BuildAsync(Checkout.Path("deploy/local/obj", "build.log"), cancel);
            return "built CroPlatform.sln";
        });
    }
}
