using System.Security.Cryptography;
using System.Text;
using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>
/// PostgreSQL on a port of its own, with a database and an owner named cro. It refuses to run as root: then it runs as the
/// user postgres, with its files where that user can reach them.
/// </summary>
internal sealed class PostgresServer(DataFolder data, int port, string password)
{
    public const string Name = "postgres";
    public const string Database = "cro";

    // The oldest version that the platform is tested with.
    private const int OldestVersion = 15;
    private const string PackagedVersions = "/usr/lib/postgresql";
    private const string HomeWhereUnreachable = "/var/lib/cro-platform";

    public string ConnectionString =>
        $"Host=127.0.0.1;Port={port};Database={Database};Username={Database};Password={password};Maximum Pool Size=20";

    /// <summary>The folder of its programs: the newest packaged version of 15 or later, or what PATH has, or null.</summary>
    public static string? FindPrograms(int? version = null)
    {
        if (Directory.Exists(PackagedVersions))
        {
            var newest = Directory.EnumerateDirectories(PackagedVersions)
                .Where(folder => File.Exists(Path.Combine(folder, "bin", "initdb")))
                .Select(folder => int.TryParse(Path.GetFileName(folder), out var number) ? number : 0)
                .Where(number => number >= OldestVersion && (version is null || number == version))
                .DefaultIfEmpty()
                .Max();
            if (newest > 0)
                return Path.Combine(PackagedVersions, newest.ToString(), "bin");
        }

        return Shell.Find("initdb") is { } found ? Path.GetDirectoryName(found) : null;
    }

    public bool IsInitialized => File.Exists(VersionFile);

    private string VersionFile => Path.Combine(data.Postgres, "PG_VERSION");

    /// <exception cref="FailureException">The version that made the database is not installed any more.</exception>
    public async Task<Component> PrepareAsync(CancellationToken cancel)
    {
        var version = (await File.ReadAllTextAsync(VersionFile, cancel)).Trim();
        var programs = FindPrograms(int.Parse(version))
            ?? throw new FailureException($"{data.Postgres} was made by PostgreSQL {version}, which is not installed; install it, or './cro down' and delete {data.Root}");
        await PostmasterLock.ReleaseAsync(Home(), cancel);
        return new Component
        {
            Name = Name,
            Address = () => $"127.0.0.1:{port}",
            Ports = [port],
            Probe = ProbeAsync,
            Spec = new ProcessSpec
            {
                Command =
                [
                    .. AsItsUser(), Path.Combine(programs, "postgres"), "-D", Home(), "-p", port.ToString(),
                    "-c", "listen_addresses=127.0.0.1",
                    "-c", "unix_socket_directories=",
                    "-c", "max_connections=200",
                    "-c", "shared_buffers=256MB",
                    "-c", "max_wal_size=2GB",
                    "-c", "log_line_prefix=%m [%p] ",
                    "-c", "log_checkpoints=off",
                ],
            },
        };

        async Task<string?> ProbeAsync(CancellationToken token)
        {
            var result = await Shell.RunAsync(Path.Combine(programs, "pg_isready"), ["-h", "127.0.0.1", "-p", port.ToString(), "-d", Database], token);
            return result.Succeeded ? null : result.Output.Trim();
        }
    }

    /// <summary>Makes the database: needed once, before the first start.</summary>
    public async Task InitializeAsync(CancellationToken cancel)
    {
        var programs = FindPrograms() ?? throw new FailureException($"PostgreSQL {OldestVersion} or later is not installed");
        var home = await ChooseHomeAsync(cancel);

        // Made under another name and renamed when whole, so that an end in the middle leaves nothing half made.
        var half = home + ".new";
        foreach (var old in new[] { half, home }.Where(Directory.Exists))
            Directory.Delete(old, recursive: true);
        Directory.CreateDirectory(half);
        if (Environment.IsPrivilegedProcess)
            await RunAsync(["chown", "postgres:", half], null, cancel);
        await RunAsync([.. AsItsUser(), Path.Combine(programs, "initdb"), "-D", half, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"], null, cancel);

        // The password is base64url, so it needs no quoting.
        var sql = $"create role {Database} login createdb password '{password}'\ncreate database {Database} owner {Database}\n";
        await RunAsync([.. AsItsUser(), Path.Combine(programs, "postgres"), "--single", "-D", half, "postgres"], sql, cancel);
        await File.WriteAllTextAsync(Path.Combine(half, "pg_hba.conf"), $"host all {Database} 127.0.0.1/32 scram-sha-256\n", cancel);

        Directory.Move(half, home);
        if (home != data.Postgres)
        {
            File.Delete(data.Postgres);
            Directory.CreateSymbolicLink(data.Postgres, home);
        }
    }

    private string Home() => Directory.ResolveLinkTarget(data.Postgres, returnFinalTarget: true)?.FullName ?? data.Postgres;

    private async Task<string> ChooseHomeAsync(CancellationToken cancel)
    {
        if ((await Shell.RunAsync("env", [.. AsItsUser(), "test", "-x", data.Root], cancel, folder: "/")).Succeeded)
            return data.Postgres;

        // Named after the data folder: if that was deleted and is made again, the old database goes too.
        Directory.CreateDirectory(HomeWhereUnreachable);
        return Path.Combine(HomeWhereUnreachable, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data.Root)))[..12]);
    }

    private static string[] AsItsUser() =>
        Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : [];

    private static async Task RunAsync(string[] command, string? input, CancellationToken cancel)
    {
        var result = await Shell.RunAsync(command[0], command[1..], cancel, folder: "/", input: input);
        if (!result.Succeeded)
            throw new FailureException($"postgres: '{string.Join(' ', command)}' failed:\n{result.Tail()}");
    }
}
