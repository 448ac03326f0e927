using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>An instance that lives as long as one command: a data folder of its own, free ports, and nothing left afterwards.</summary>
internal sealed class TemporaryPlatform : IAsyncDisposable
{
    private readonly Platform _platform;

    private TemporaryPlatform(Platform platform, Endpoints endpoints) => (_platform, Endpoints) = (platform, endpoints);

    public Endpoints Endpoints { get; }

    public DataFolder Data => _platform.Data;

    public static async Task<TemporaryPlatform> StartAsync(string purpose, Progress progress, CancellationToken cancel)
    {
        var platform = new Platform(DataFolder.Temporary(purpose), progress);
        try
        {
            return new TemporaryPlatform(platform, await platform.UpAsync(doorPort: 0, cancel));
        }
        catch
        {
            await EndAsync(platform);
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await EndAsync(_platform);

    // Also after Ctrl-C, so nothing here listens to it.
    private static async Task EndAsync(Platform platform)
    {
        await platform.DownAsync(CancellationToken.None);
        platform.Data.Delete();
    }
}
