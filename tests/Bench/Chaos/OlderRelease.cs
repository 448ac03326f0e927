namespace CroPlatform.Bench.Chaos;

/// <summary>An older commit's services, built in a checkout of their own that is gone at the end.</summary>
internal sealed class OlderRelease : IDisposable
{
    private const string NativePackages = "deploy/native/packages";

    private readonly string _repository;

    private OlderRelease(string repository, string checkout) => (_repository, Checkout) = (repository, checkout);

    public string Checkout { get; }

    /// <param name="repository">The checkout that runs.</param>
    /// <param name="commit">Any name that git knows it by.</param>
    /// <exception cref="BenchException">There is no such commit, or it does not build.</exception>
    public static OlderRelease Build(string repository, string commit)
    {
        var release = new OlderRelease(repository, Path.Combine(Directory.CreateTempSubdirectory("cro-older-").FullName, "checkout"));
        try
        {
            Command.Demand("git", "-C", repository, "worktree", "add", "--quiet", "--detach", release.Checkout, commit);
            var packages = Path.Combine(repository, NativePackages);
            if (Directory.Exists(packages)) Command.Demand("cp", "-r", packages, Path.Combine(release.Checkout, Path.GetDirectoryName(NativePackages)!));
            foreach (var service in Deployment.Services)
            {
                Console.Error.WriteLine($"builds {service} of {commit}");
                Command.Demand("dotnet", "build", Path.Combine(release.Checkout, "services", service), "-c", "Release", "-v", "q", "-nologo", "-nodeReuse:false");
            }

            return release;
        }
        catch
        {
            release.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Command.Run("git", "-C", _repository, "worktree", "remove", "--force", Checkout);
        Directory.Delete(Path.GetDirectoryName(Checkout)!, recursive: true);
    }
}
