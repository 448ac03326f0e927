using System.Diagnostics;
using System.Globalization;
using CroPlatform.Local.Run;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// One process of the platform, taken over from the launcher so that it can be killed, stopped and started within a second. Whatever runs last
/// stands in the launcher's own pid file, so that <c>./cro down</c> ends it.
/// </summary>
internal sealed class ServerProcess
{
    private const string IntoLog = "exec \"$@\" >>\"$CRO_LOG\" 2>&1 </dev/null";
    private const string InCheckout = "/services/";
    private const string Postgres = "postgres";
    private const string Redis = "redis";
    private const int MostFalls = 5;
    private static readonly string[] PostgresUser = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : [];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly string _pidFile;
    private readonly string[] _command;
    private readonly Dictionary<string, string> _environment;
    private readonly Func<Task<bool>> _isReady;
    private string _folder;
    private ProcessIdentity _process;

    private ServerProcess(string name, string pidFile, string[] command, string folder, Dictionary<string, string> environment, ProcessIdentity process, Func<Task<bool>> isReady)
    {
        (Name, _pidFile, _command, _folder, _environment, _process, _isReady) = (name, pidFile, command, folder, environment, process, isReady);
    }

    public string Name { get; }

    /// <summary>How often it ended by itself.</summary>
    public int FellDown { get; private set; }

    public bool IsAlive => _process.IsAlive;

    /// <summary>How many processes of this name have run.</summary>
    public int Starts { get; private set; } = 1;

    /// <param name="data">The platform's data folder.</param>
    public static ServerProcess TakeOver(string data, string name, Func<Task<bool>> isReady)
    {
        var pidFile = Path.Combine(data, "pids", name + ".pid");
        var process = ProcessIdentity.Parse(File.ReadAllText(pidFile)) ?? throw new BenchException($"{pidFile} names no process");
        var folder = new DirectoryInfo($"/proc/{process.Pid}/cwd").ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        var environment = Words($"/proc/{process.Pid}/environ").Select(v => v.Split('=', 2)).Where(v => v.Length == 2).ToDictionary(v => v[0], v => v[1]);
        var command = Words($"/proc/{process.Pid}/cmdline");

        // Redis writes over its own command line and environment.
        if (name == Redis) environment["CRO_LOG"] = Path.Combine(data, "logs", "redis.log");
        if (name == Redis) command = [command[0].Split(' ')[0], Path.Combine(data, Redis, "redis.conf")];
        if (name == Postgres) command = [.. PostgresUser, .. command];
        return new ServerProcess(name, pidFile, command, folder, environment, process, isReady);
    }

    /// <summary>Another process of the same program, which does not run yet.</summary>
    public ServerProcess Twin(string name, IReadOnlyDictionary<string, string> settings, Func<Task<bool>> isReady)
    {
        var environment = new Dictionary<string, string>(_environment) { ["CRO_LOG"] = Path.Combine(Path.GetDirectoryName(_environment["CRO_LOG"])!, name + ".log") };
        foreach (var (key, value) in settings) environment[key] = value;
        return new ServerProcess(name, Path.Combine(Path.GetDirectoryName(_pidFile)!, name + ".pid"), [.. _command], _folder, environment, _process with { Pid = int.MaxValue }, isReady) { Starts = 0 };
    }

    public IReadOnlyList<string> Command => _command;

    /// <summary>Words before another command, so that Postgres's own user runs it.</summary>
    public IReadOnlyList<string> AsItsUser => Name == Postgres ? PostgresUser : [];

    /// <summary>The word after this one in the command.</summary>
    public string Argument(string option) => _command[Array.IndexOf(_command, option) + 1];

    /// <summary>From the next start on.</summary>
    public void SetArgument(string option, string value) => _command[Array.IndexOf(_command, option) + 1] = value;

    /// <summary>The checkout that a service's program is of.</summary>
    public string Checkout => _folder[.._folder.LastIndexOf(InCheckout, StringComparison.Ordinal)];

    /// <summary>From the next start on the same service of another checkout.</summary>
    public void RunFrom(string checkout)
    {
        var program = Array.FindIndex(_command, word => word.StartsWith(_folder, StringComparison.Ordinal));
        var folder = checkout + _folder[Checkout.Length..];
        _command[program] = folder + _command[program][_folder.Length..];
        _folder = folder;
    }

    /// <summary>The value of a variable that the process was given.</summary>
    public string Setting(string name) => _environment[name];

    /// <summary>From the next start on.</summary>
    public void Set(string name, string value) => _environment[name] = value;

    /// <summary>Nothing happens if it does not run: its number may be another's by now.</summary>
    public void Signal(Signal signal)
    {
        if (_process.IsAlive) Signals.Send(_process.Pid, signal);
    }

    /// <summary>SIGKILL, and then it is gone.</summary>
    public async Task KillAsync()
    {
        Signal(Local.Run.Signal.Kill);
        await GoneAsync(Patience);
    }

    /// <summary>SIGTERM, and then it is gone.</summary>
    /// <returns>How long it took.</returns>
    public async Task<TimeSpan> TerminateAsync()
    {
        var since = Stopwatch.GetTimestamp();
        Signal(Local.Run.Signal.Terminate);
        if (!await GoneAsync(Patience)) throw new BenchException($"{Name} does not end after SIGTERM");
        return Stopwatch.GetElapsedTime(since);
    }

    /// <returns>False if it still runs at the limit.</returns>
    public async Task<bool> GoneAsync(TimeSpan limit)
    {
        for (var since = Stopwatch.GetTimestamp(); _process.IsAlive; await Task.Delay(Poll))
        {
            if (Stopwatch.GetElapsedTime(since) > limit) return false;
        }

        return true;
    }

    /// <param name="extra">Variables of this one start.</param>
    public async Task StartAsync(params IReadOnlyDictionary<string, string>[] extra)
    {
        if (Name == Postgres) await PostmasterLock.ReleaseAsync(Argument("-D"), CancellationToken.None);
        var start = new ProcessStartInfo("setsid", ["bash", "-c", IntoLog, "bash", .. _command]) { WorkingDirectory = _folder, UseShellExecute = false };
        start.Environment.Clear();
        foreach (var (name, value) in extra.Aggregate(_environment.AsEnumerable(), (all, more) => all.Concat(more))) start.Environment[name] = value;
        var process = Process.Start(start)!;
        var identity = ProcessIdentity.Of(process.Id, _process.Fingerprint);
        if (identity is null) throw new BenchException($"{Name} ended at once; see its log");
        _process = identity;
        Starts++;
        await File.WriteAllTextAsync(_pidFile, identity.Write());
    }

    /// <summary>After it ended by itself: as whoever runs services would.</summary>
    public Task StartAgainAsync()
    {
        FellDown++;
        return StartAsync();
    }

    public Task<bool> IsReadyAsync() => _process.IsAlive ? _isReady() : Task.FromResult(false);

    /// <returns>How long it took.</returns>
    /// <exception cref="BenchException">It is not ready within three minutes.</exception>
    public async Task<TimeSpan> ReadyAsync()
    {
        for (var since = Stopwatch.GetTimestamp(); ; await Task.Delay(Poll))
        {
            if (await IsReadyAsync()) return Stopwatch.GetElapsedTime(since);
            if (!_process.IsAlive)
            {
                if (FellDown == MostFalls) throw new BenchException($"{Name} ends by itself again and again; see its log");
                await StartAgainAsync();
            }

            if (Stopwatch.GetElapsedTime(since) > Patience) throw new BenchException($"{Name} runs but is not ready after {Patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
        }
    }

    private static string[] Words(string file) => File.ReadAllText(file).Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
