namespace CroPlatform.Local.Data;

/// <summary>One command at a time: holds a file locked until disposed of, or until the process ends.</summary>
internal sealed class DataLock : IDisposable
{
    private readonly FileStream _file;

    private DataLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock, and says so once.</summary>
    /// <exception cref="FailureException">It is still held after <paramref name="limit"/>.</exception>
    public static async Task<DataLock> TakeAsync(string file, TimeSpan limit, Progress progress, CancellationToken cancel)
    {
        var until = DateTime.UtcNow + limit;
        for (var said = false; ; said = true)
        {
            try
            {
                return new DataLock(new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (DateTime.UtcNow < until)
            {
                if (!said)
                    progress.Step("wait", $"another cro holds {file}");
                await Task.Delay(200, cancel);
            }
            catch (IOException)
            {
                throw new FailureException($"another cro still works there after {limit.TotalMinutes:0} minutes ({file} is locked); wait for it or end it");
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
