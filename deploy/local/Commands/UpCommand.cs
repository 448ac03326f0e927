using System.Diagnostics;
using CroPlatform.Local.Data;
using CroPlatform.Local.Install;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

internal static class UpCommand
{
    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        var port = arguments.Number("--port", 0, 65_535);
        arguments.End();

        var clock = Stopwatch.StartNew();
        progress.Line($"cro up, data in {data.Root}");
        await new Preparation(progress).EnsureAsync(forTests: false, cancel);
        var endpoints = await new Platform(data, progress).UpAsync(port, cancel);
        progress.Line($"""

            ready in {Progress.Seconds(clock.Elapsed)}
              page        {endpoints.Public}/   (sign in with admin_key)
              events      POST {endpoints.Public}/v1/events
              addresses and keys   {data.Endpoints}
              logs        ./cro logs SERVICE      end: ./cro down
            """);
        return 0;
    }
}
