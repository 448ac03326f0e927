using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CroPlatform.Local.Install;

/// <summary>
/// librdkafka, the native half of Confluent.Kafka. Where the package source has librdkafka.redist that is used; where not,
/// it is built from its official source, which the npm package of Confluent's JavaScript client carries, and packed under
/// that id into deploy/native/packages, a package source named in NuGet.config.
/// </summary>
internal static class NativeClient
{
    private const string Package = "librdkafka.redist";
    private const string Version = "2.15.1";

    private const string SourcePackage = "@confluentinc/kafka-javascript@1.10.1";

    // dist.integrity of that package in the npm registry.
    private const string SourceSha512 = "KVePUBn21EqCVP9mfxzEuM3SYJHHEF7X+iiC2e43QQgDSyEaksInmCGooT3w5q+cNAdkSCrK71j0ICfqoSqZLw==";

    /// <summary>Whether NuGet can restore Confluent.Kafka here without a build of ours.</summary>
    public static async Task<bool> IsThereAsync(CancellationToken cancel)
    {
        if (File.Exists(Checkout.Path("deploy/native/packages", $"{Package}.{Version}.nupkg")))
            return true;
        var result = await Shell.RunAsync("dotnet", ["restore", Checkout.Path("shared/CroPlatform.Kafka"), "-v", "q", "-nodeReuse:false"], cancel);
        if (result.Succeeded)
            return true;
        if (!result.Output.Contains(Package, StringComparison.OrdinalIgnoreCase))
            throw new FailureException($"dotnet restore of shared/CroPlatform.Kafka failed:\n{result.Tail()}");
        return false;
    }

    /// <summary>Fetches, checks, builds and packs it; about a minute on two cores.</summary>
    /// <exception cref="FailureException">A step failed, or the source is not the one that is expected.</exception>
    public static async Task BuildAsync(CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("cro-native-").FullName;
        try
        {
            var runtime = RuntimeInformation.OSArchitecture switch
            {
                Architecture.X64 => "linux-x64",
                Architecture.Arm64 => "linux-arm64",
                var other => throw new FailureException($"librdkafka is packed for x64 and arm64, not for {other}"),
            };
            if (Shell.Find("npm") is null)
                throw new FailureException("needs Node.js 20 or later with npm, to fetch librdkafka's source; there is no 'npm' in PATH");
            await StepAsync("npm", ["pack", "--silent", SourcePackage], folder, cancel);
            var archive = Directory.EnumerateFiles(folder, "*.tgz").Single();
            await CheckAsync(archive, cancel);
            await StepAsync("tar", ["-xzf", archive, "package/deps/librdkafka"], folder, cancel);

            var source = Path.Combine(folder, "package/deps/librdkafka");
            await StepAsync("sh", ["-c", "./configure --enable-zlib --disable-gssapi --disable-lz4-ext"], source, cancel);
            await StepAsync("make", [$"-j{Environment.ProcessorCount}", "-C", "src", "librdkafka.so.1"], source, cancel);
            var library = Path.Combine(folder, "librdkafka.so");
            File.Copy(Path.Combine(source, "src/librdkafka.so.1"), library);
            await StepAsync("strip", ["--strip-unneeded", library], folder, cancel);
            await StepAsync(
                "dotnet",
                ["pack", Checkout.Path("deploy/native/librdkafka.redist.csproj"), "-v", "q", "-nodeReuse:false", $"-p:LibrdkafkaFile={library}", $"-p:LibrdkafkaRuntime={runtime}"],
                Checkout.Root,
                cancel);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task CheckAsync(string archive, CancellationToken cancel)
    {
        await using var file = File.OpenRead(archive);
        var hash = Convert.ToBase64String(await SHA512.HashDataAsync(file, cancel));
        if (hash != SourceSha512)
            throw new FailureException($"{SourcePackage} is not the package that is expected: its SHA-512 is {hash}, not {SourceSha512}");
    }

    private static async Task StepAsync(string tool, string[] arguments, string folder, CancellationToken cancel)
    {
        var result = await Shell.RunAsync(tool, arguments, cancel, folder);
        if (!result.Succeeded)
            throw new FailureException($"building librdkafka: '{tool} {string.Join(' ', arguments)}' failed:\n{result.Tail(25)}");
    }
}
