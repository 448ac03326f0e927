using CroPlatform.Local.Data;
using CroPlatform.Local.Run;

namespace CroPlatform.Local.Commands;

internal static class DownCommand
{
    public static async Task<int> RunAsync(Arguments arguments, Progress progress, CancellationToken cancel)
    {
        var data = DataFolder.Of(arguments.Option("--data"));
        arguments.End();
        if (!await new Platform(data, progress).DownAsync(cancel))
            progress.Line($"nothing runs from {data.Root}");
        return 0;
    }
}
