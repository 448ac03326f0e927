using CroPlatform.Local.Run;

namespace CroPlatform.Local.Install;

/// <summary>Something of the operating system that the platform needs, and the Debian packages that bring it.</summary>
internal sealed record Requirement(string What, IReadOnlyList<string> Packages, Func<bool> IsThere)
{
    private static readonly string[] IncludeFolders =
        ["/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu", "/usr/local/include"];

    /// <summary>To run the platform.</summary>
    public static IReadOnlyList<Requirement> ToRun(OutsideServers outside) =>
    [
        .. outside.Postgres is null ? [new Requirement("PostgreSQL", ["postgresql-15"], () => PostgresServer.FindPrograms() is not null)] : Array.Empty<Requirement>(),
        .. outside.Redis is null ? [Tool("redis-server", "redis-server")] : Array.Empty<Requirement>(),
    ];

    /// <summary>To build librdkafka from its source.</summary>
    public static IReadOnlyList<Requirement> ToBuildNative { get; } =
    [
        Tool("gcc", "gcc", "libc6-dev"),
        Tool("g++", "g++"),
        Tool("make", "make"),
        Tool("strip", "binutils"),
        Tool("python3", "python3-minimal"),
        Header("openssl/ssl.h", "libssl-dev"),
        Header("zlib.h", "zlib1g-dev"),
        Header("zstd.h", "libzstd-dev"),
        Header("curl/curl.h", "libcurl4-openssl-dev"),
    ];

    /// <summary>To run the tests: the packages that tests/apt-packages lists, one a line.</summary>
    public static IReadOnlyList<Requirement> ToTest() =>
    [
        .. File.ReadLines(Checkout.Path("tests", "apt-packages"))
            .Select(line => line.Split('#')[0].Trim())
            .Where(package => package.Length > 0)
            .Select(package => new Requirement(package, [package], () => Apt.IsInstalled(package))),
    ];

    private static Requirement Tool(string tool, params string[] packages) => new(tool, packages, () => Shell.Find(tool) is not null);

    private static Requirement Header(string header, string package) =>
        new(header, [package], () => IncludeFolders.Any(folder => File.Exists(Path.Combine(folder, header))));
}
