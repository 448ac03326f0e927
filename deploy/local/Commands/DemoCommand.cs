using CroPlatform.Local.Data;
using CroPlatform.Local.Install;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

/// <summary>Starts the platform, runs deploy/demo against it, and ends it again unless it ran before or is to be kept.</summary>
internal static class DemoCommand
{
    private const int DefaultEvents = 300_000;

    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        var port = arguments.Number("--port", 0, 65_535);
        var events = arguments.Number("--events", 1, 100_000_000) ?? DefaultEvents;
        var seed = arguments.Number("--seed", 0, int.MaxValue) ?? 1;
        var keep = arguments.Flag("--keep");
        arguments.End();

        await new Preparation(progress).EnsureAsync(forTests: false, cancel);
        var platform = new Platform(data, progress);
        keep |= new PidFiles(data).Alive(Ports.Door) is not null;
        try
        {
            var endpoints = await platform.UpAsync(port, cancel);
            progress.Line($"\n  watch it live: {endpoints.Public}/\n");
            return await Foreground.RunAsync(
                ["dotnet", Checkout.Assembly("deploy/demo", "CroPlatform.Demo"), "--endpoints", data.Endpoints, "--events", events.ToString(), "--seed", seed.ToString()],
                new Dictionary<string, string>(),
                cancel);
        }
        finally
        {
            if (keep)
                progress.Line("  the platform keeps running: './cro status' shows it, './cro down' ends it");
            else
                await platform.DownAsync(CancellationToken.None);
        }
    }
}
