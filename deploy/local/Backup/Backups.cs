using System.Data.Common;
using CroPlatform.Local.Data;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Backup;

/// <summary>
/// Everything that the platform cannot make again, copied while events come in, and laid out again elsewhere. The order makes the copies fit: results and
/// offsets (Postgres) first, then the spool, then the log, so that the log has every record that an offset speaks of, and whatever left the spool meanwhile.
/// What is there twice after a restore is told apart by the events' ids. Redis is filled again from Postgres, and cannot be missed.
/// </summary>
internal sealed class Backups(DataFolder data, Progress progress)
{
    private const string Dump = "postgres.dump";
    private const string Spool = "spool";
    private const string Broker = "broker";
    private const string Keys = "keys.json";
    private const string ControlPlane = "experiments";

    /// <exception cref="FailureException">Nothing runs from the folder, its servers are not its own, or a tool failed; then no backup is there.</exception>
    public async Task TakeAsync(string folder, CancellationToken cancel)
    {
        if (!File.Exists(data.Endpoints)) throw new FailureException($"no platform runs from {data.Root}; './cro up' starts one");
        if (OutsideServers.FromEnvironment() is not { Kafka: null, Postgres: null }) throw new FailureException("servers that CRO_KAFKA or CRO_POSTGRES name are backed up where they run");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new FailureException($"{folder} is not empty");

        // Under another name until it is whole.
        var half = folder.TrimEnd('/') + ".new";
        if (Directory.Exists(half)) Directory.Delete(half, recursive: true);
        Directory.CreateDirectory(half, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var platform = new Platform(data, progress);

        // A command between the two copies would be in the log and not in the database: there is none. Events go on.
        await platform.EndAsync(ControlPlane, atOnce: false, cancel);
        try
        {
            await progress.WatchAsync("backup", "copying results, spool and log", async () =>
            {
                await DumpAsync(Path.Combine(half, Dump), cancel);
                FolderCopy.Copy(data.Spool, Path.Combine(half, Spool));
                FolderCopy.Copy(data.Broker, Path.Combine(half, Broker));
                File.Copy(data.Keys, Path.Combine(half, Keys));
                return $"{new DirectoryInfo(half).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length) / 1e6:0.0} MB";
            });
        }
        finally
        {
            await platform.UpAsync(doorPort: null, CancellationToken.None);
        }

        if (Directory.Exists(folder)) Directory.Delete(folder);
        Directory.Move(half, folder);
    }

    /// <summary>Makes a data folder out of a backup; <c>up</c> starts it.</summary>
    /// <exception cref="FailureException">That is no backup, the folder is in use, or a tool failed; then the folder is as it was.</exception>
    public async Task RestoreAsync(string folder, CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(folder, Dump)) || !File.Exists(Path.Combine(folder, Keys))) throw new FailureException($"{folder} holds no backup");
        if (data.Exists && Directory.EnumerateFileSystemEntries(data.Root).Any()) throw new FailureException($"{data.Root} is there already: restore into a folder of its own");
        data.Create();
        try
        {
            await progress.WatchAsync("restore", "laying out log, spool and results", async () =>
            {
                DataFolder.WritePrivate(data.Keys, await File.ReadAllTextAsync(Path.Combine(folder, Keys), cancel));
                FolderCopy.Copy(Path.Combine(folder, Broker), data.Broker);
                FolderCopy.Copy(Path.Combine(folder, Spool), data.Spool);
                await new Platform(data, progress).WithPostgresAsync(connection => LoadAsync(connection, Path.Combine(folder, Dump), cancel), cancel);
                return "done; './cro up' starts it";
            });
        }
        catch
        {
            data.Delete();
            throw;
        }
    }

    private Task DumpAsync(string file, CancellationToken cancel) => RunAsync(
        "pg_dump", Json.Read<Endpoints>(data.Endpoints).Postgres, ["--format=custom", "--file", file], cancel);

    private static Task LoadAsync(string connection, string file, CancellationToken cancel) => RunAsync(
        "pg_restore", connection, ["--dbname", PostgresServer.Database, "--exit-on-error", "--no-owner", file], cancel);

    private static async Task RunAsync(string tool, string connection, string[] arguments, CancellationToken cancel)
    {
        var to = new DbConnectionStringBuilder { ConnectionString = connection };
        var environment = new Dictionary<string, string>
        {
            ["PGHOST"] = (string)to["Host"],
            ["PGPORT"] = (string)to["Port"],
            ["PGUSER"] = (string)to["Username"],
            ["PGDATABASE"] = (string)to["Database"],
            ["PGPASSWORD"] = (string)to["Password"],
        };
        var programs = PostgresServer.FindPrograms() ?? throw new FailureException("PostgreSQL's programs are not installed");
        var result = await Shell.RunAsync(Path.Combine(programs, tool), arguments, cancel, environment: environment);
        if (!result.Succeeded) throw new FailureException($"{tool} failed:\n{result.Tail()}");
    }
}
