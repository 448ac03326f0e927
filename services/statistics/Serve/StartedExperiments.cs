using CroPlatform.Experimentation;
using CroPlatform.Kafka;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>
/// Looks an experiment up, and waits a moment if it is not known: whoever asks right after starting it should not be told that it does not
/// exist because word of it is still on the way.
/// </summary>
internal static class StartedExperiments
{
    private const int Tries = 20;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public static async Task<Experiment?> FindAsync(CatalogReader catalog, string site, string key, CancellationToken ct)
    {
        for (var tries = 0; ; tries++)
        {
            if (catalog.Current.Find(site, key)?.Current is { } experiment) return experiment;
            if (tries == Tries) return null;
            await Task.Delay(Interval, ct);
        }
    }
}
