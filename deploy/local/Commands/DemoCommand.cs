using CroPlatform.Local.Data;
using CroPlatform.Local.Install;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

/// <summary>The main job on live traffic: brings the platform up, runs deploy/demo against it, and ends what it started.</summary>
internal static class DemoCommand
{
    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        var port = arguments.Number("--port", 0, 65_535);
        var events = arguments.Number("--events", 1, 100_000_000) ?? 300_000;
        var seed = arguments.Number("--seed", 0, int.MaxValue) ?? 1;
        var keep = arguments.Flag("--keep");
        arguments.End();

        await new Preparation(progress).EnsureAsync(forTests: false, cancel);
        var platform = new Platform(data, progress);
        var ranBefore = platform.IsRunning;
        try
        {
            var endpoints = await platform.UpAsync(port, cancel);
            progress.Line($"the live page is at {endpoints.Public}/ (sign in with admin_key of {data.Endpoints})");
            return await Foreground.RunAsync(
                ["dotnet", Checkout.Assembly("deploy/demo", "CroPlatform.Demo"), "--endpoints", data.Endpoints, "--events", $"{events}", "--seed", $"{seed}"],
                new Dictionary<string, string>(),
                cancel);
        }
        finally
        {
            if (!keep && !ranBefore)
                await platform.DownAsync(CancellationToken.None);
            else
                progress.Line("the platform runs on; end it with ./cro down");
        }
    }
}
