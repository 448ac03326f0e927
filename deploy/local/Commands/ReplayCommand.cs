using CroPlatform.Local.Data;
using CroPlatform.Local.Install;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

/// <summary>
/// <c>replay EXPERIMENT</c>: computes an experiment again from the log. The exit status is 0 only if it is equal to what is stored.
/// <c>replay --dead-letter</c>: puts back what lies in quarantine and can be counted by now.
/// </summary>
internal static class ReplayCommand
{
    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        string[] words = arguments.Flag("--dead-letter")
            ? arguments.Flag("--dry-run") ? ["dead-letters", "--dry-run"] : ["dead-letters"]
            : ["replay", Services.Site, arguments.Word() ?? throw new UsageException("which experiment? 'replay EXPERIMENT', or 'replay --dead-letter'")];
        arguments.End();
        if (!File.Exists(data.Endpoints)) throw new FailureException($"no platform runs from {data.Root}; './cro up' starts one");
        await new Preparation(progress).EnsureAsync(forTests: false, cancel);
        var endpoints = Json.Read<Endpoints>(data.Endpoints);
        return await Foreground.RunAsync(
            ["dotnet", Checkout.Assembly("services/statistics", "CroPlatform.Services.Statistics"), .. words],
            new Dictionary<string, string> { ["Kafka__BootstrapServers"] = endpoints.Kafka, ["Postgres__ConnectionString"] = endpoints.Postgres },
            cancel);
    }
}
