using System.Diagnostics;
using CroPlatform.Local.Run;
using CroPlatform.Postgres;
using Npgsql;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// A synchronous standby of the platform's Postgres: each COMMIT is answered when both have it, and when the one is killed the other takes its
/// place, at its port.
/// </summary>
internal sealed class PostgresStandby(ServerProcess primary, string connection) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string _programs = Path.GetDirectoryName(primary.Command.First(w => Path.GetFileName(w) == "postgres"))!;
    private readonly string _original = primary.Argument("-D");
    private readonly List<string> _folders = [];
    private ServerProcess? _standby;

    /// <summary>Makes a standby of what is the primary now, and waits until COMMITs wait for it.</summary>
    public async Task AttachAsync()
    {
        var (home, settings) = (primary.Argument("-D"), new NpgsqlConnectionStringBuilder(connection));
        await LetReplicateAsync(home);
        await primary.StartAsync();
        await primary.ReadyAsync();
        var folder = $"{_original}-standby{_folders.Count}";
        _folders.Add(folder);
        await RunAsync(["install", "-d", "-m", "700", .. Environment.IsPrivilegedProcess ? ["-o", "postgres"] : Array.Empty<string>(), folder]);
        await RunAsync([.. primary.AsItsUser, Path.Combine(_programs, "pg_basebackup"), "-D", folder, "-R", "-c", "fast", "-d",
            $"host={settings.Host} port={settings.Port} user={settings.Username} password={settings.Password}"]);
        var port = BreakableLink.FreePort();
        _standby = primary.Twin("postgres-standby", new Dictionary<string, string>(), () => Task.FromResult(true));
        _standby.SetArgument("-D", folder);
        _standby.SetArgument("-p", $"{port}");
        await _standby.StartAsync();
        await UntilAsync("select count(*) from pg_stat_replication where state = 'streaming'");
        await File.AppendAllTextAsync(Path.Combine(home, "postgresql.conf"), "synchronous_standby_names = '*'\n");
        await RunAsync([.. primary.AsItsUser, Path.Combine(_programs, "pg_ctl"), "reload", "-D", home]);
        await UntilAsync("select count(*) from pg_stat_replication where sync_state = 'sync'");
        await DemandPrimaryAsync(port);
    }

    /// <summary>Kills the primary and promotes the standby, whose folder is the primary's from its next start on.</summary>
    public async Task TakeOverAsync()
    {
        if (_standby is null) throw new BenchException("there is no standby");
        var folder = _standby.Argument("-D");
        await primary.KillAsync();
        await RunAsync([.. primary.AsItsUser, Path.Combine(_programs, "pg_ctl"), "promote", "-w", "-D", folder]);
        // Ends, so that it can start at the port where everybody looks for it.
        await RunAsync([.. primary.AsItsUser, Path.Combine(_programs, "pg_ctl"), "stop", "-w", "-m", "fast", "-D", folder]);
        primary.SetArgument("-D", folder);
        _standby = null;
    }

    public void Dispose()
    {
        if (_folders.Count == 0) return;
        _standby?.Signal(Signal.Kill);
        primary.Signal(Signal.Kill);
        foreach (var folder in _folders) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Only the platform's role may come in over TCP, and only a server that stands still lets its owner say what that role may do.</summary>
    private async Task LetReplicateAsync(string home)
    {
        await primary.KillAsync();
        await PostmasterLock.ReleaseAsync(home, CancellationToken.None);
        var role = new NpgsqlConnectionStringBuilder(connection).Username;
        await File.AppendAllTextAsync(Path.Combine(home, "pg_hba.conf"), $"host replication {role} 127.0.0.1/32 scram-sha-256\n");
        await RunAsync([.. primary.AsItsUser, Path.Combine(_programs, "postgres"), "--single", "-D", home, "postgres"], $"alter role {role} replication\ngrant pg_read_all_stats to {role}\n");
    }

    /// <summary>A service that names both, the standby first, is brought to the primary.</summary>
    private async Task DemandPrimaryAsync(int standby)
    {
        var both = new NpgsqlConnectionStringBuilder(connection) { Pooling = false };
        both.Host = $"{both.Host}:{standby},{both.Host}:{both.Port}";
        await using var source = PostgresRegistration.PrimarySource(both);
        await using var command = source.CreateCommand("select pg_is_in_recovery()");
        if (await command.ExecuteScalarAsync() is not false) throw new BenchException("who names a standby before the primary reads the standby");
    }

    private async Task UntilAsync(string count)
    {
        for (var since = Stopwatch.GetTimestamp(); ; await Task.Delay(50))
        {
            await using var db = new NpgsqlConnection(connection + ";Pooling=false");
            await db.OpenAsync();
            await using var command = new NpgsqlCommand(count, db);
            if (await command.ExecuteScalarAsync() is > 0L) return;
            if (Stopwatch.GetElapsedTime(since) > Limit) throw new BenchException($"the standby does not follow: '{count}' gives 0");
        }
    }

    private static async Task RunAsync(string[] command, string input = "")
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = "/",
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new BenchException($"the standby: a command ended with {process.ExitCode}: {await said}{await complained}");
    }
}
