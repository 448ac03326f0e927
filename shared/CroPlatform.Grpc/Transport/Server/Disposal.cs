namespace CroPlatform.Grpc.Server;

internal static class Disposal
{
    /// <summary>Disposes of what was made for one call, if it is disposable.</summary>
    public static ValueTask OfAsync(object made)
    {
        if (made is IAsyncDisposable asynchronous)
            return asynchronous.DisposeAsync();
        (made as IDisposable)?.Dispose();
        return default;
    }
}
