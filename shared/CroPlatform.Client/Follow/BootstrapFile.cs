using CroPlatform.Contracts.Assignment;
using Google.Protobuf;

namespace CroPlatform.Client.Follow;

/// <summary>What the file held, and when the service last confirmed it.</summary>
internal sealed record Saved(IReadOnlyList<WatchReply> Changes, DateTimeOffset ConfirmedAt);

/// <summary>
/// The last configuration, as length-delimited messages of the watch stream. Its time of change is when the service last confirmed it. A disk that
/// refuses costs the next start its head start, nothing else.
/// </summary>
internal sealed class BootstrapFile(string path)
{
    private const int ConfirmEverySeconds = 60;

    private DateTime _confirmed;

    /// <summary>Null if there is none that can be read.</summary>
    public Saved? Load()
    {
        try
        {
            using var file = File.OpenRead(path);
            var changes = new List<WatchReply>();
            while (file.Position < file.Length) changes.Add(WatchReply.Parser.ParseDelimitedFrom(file));
            return new Saved(changes, new DateTimeOffset(File.GetLastWriteTimeUtc(path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file as a whole.</summary>
    public void Save(IEnumerable<WatchReply> changes) => Try(() =>
    {
        var next = path + ".new";
        using (var file = File.Create(next))
        {
            foreach (var change in changes) change.WriteDelimitedTo(file);
        }

        File.Move(next, path, overwrite: true);
        _confirmed = DateTime.UtcNow;
    });

    public void Confirm()
    {
        if (DateTime.UtcNow - _confirmed < TimeSpan.FromSeconds(ConfirmEverySeconds)) return;
        Try(() => File.SetLastWriteTimeUtc(path, _confirmed = DateTime.UtcNow));
    }

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Said above: it costs a head start.
        }
    }
}
