using System.Diagnostics;

namespace CroPlatform.Kafka;

/// <summary>
/// Places where the chaos suite ends a process at once, as SIGKILL does: <c>CRO_KILL_POINT=NAME:COUNT</c> ends it when it comes to the place
/// of that name for the COUNTth time. Heeded only where DOTNET_ENVIRONMENT or ASPNETCORE_ENVIRONMENT names another environment than Production,
/// which it is if neither is set; else the runtime compiles the calls away.
/// </summary>
public static class KillPoint
{
    public const string Variable = "CRO_KILL_POINT";

    /// <summary>Before the transaction of a checkpoint.</summary>
    public const string BeforeBegin = "before-begin";

    /// <summary>The offset is moved, nothing else is written yet.</summary>
    public const string InTransaction = "in-transaction";

    /// <summary>All is written, nothing is committed.</summary>
    public const string BeforeCommit = "before-commit";

    /// <summary>Postgres has committed, and nobody knows yet.</summary>
    public const string AfterCommit = "after-commit";

    /// <summary>The checkpoint is known to be stored; the broker has not been told.</summary>
    public const string BeforeBrokerCommit = "before-broker-commit";

    private static readonly (string Name, int Count) Armed = Read();
    private static int _passed;

    public static void Pass(string name)
    {
        if (Armed.Count > 0 && name == Armed.Name && Interlocked.Increment(ref _passed) == Armed.Count) Process.GetCurrentProcess().Kill();
    }

    private static (string Name, int Count) Read()
    {
        var environment = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? "Production";
        return !environment.Equals("Production", StringComparison.OrdinalIgnoreCase)
            && Environment.GetEnvironmentVariable(Variable)?.Split(':') is [var name, var text] && int.TryParse(text, out var count)
                ? (name, count)
                : default;
    }
}
