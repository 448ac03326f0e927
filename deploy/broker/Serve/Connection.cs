namespace CroPlatform.Broker.Serve;

/// <summary>
/// One client: requests are begun in the order in which they come, several may be under way at once (so that one producer's batches share
/// syncs), and responses leave in the order of the requests. Anything that is no request ends the connection.
/// </summary>
internal sealed class Connection(
    Socket socket, Func<Request, Task> handle, MemoryBudget memory, BrokerOptions options, CancellationToken stop) : IDisposable
{
    // A client may have this many requests under way; librdkafka sends up to a million unless told otherwise, the rest waits in the socket.
    private const int MaxUnderWay = 32;

    // Smaller requests are not counted: their sum is bounded by the number of connections.
    private const int SmallRequest = 16 * 1024;

    // For a large request to come in, and for a response to be taken: both hold memory that others wait for.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _gone = CancellationTokenSource.CreateLinkedTokenSource(stop);
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly SemaphoreSlim _places = new(MaxUnderWay);
    private readonly string _host = $"/{((IPEndPoint)socket.RemoteEndPoint!).Address}";
    private Task _sent = Task.CompletedTask;

    /// <summary>Serves until either side ends it.</summary>
    /// <returns>Why it ended, where that is worth a line; else null.</returns>
    public async Task<string?> RunAsync()
    {
        var why = await FaultAsync(ReceiveAsync());
        await _gone.CancelAsync(); // ends what waits for records or members
        return await FaultAsync(_sent) ?? why;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _gone.Dispose();
        _places.Dispose();
    }

    private async Task ReceiveAsync()
    {
        socket.NoDelay = true;
        var head = new byte[4];
        while (await _stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, _gone.Token) == head.Length)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(head);
            if (length < 8 || length > options.MaxRequestBytes)
                throw new MalformedRequestException($"a request of {length} bytes");
            await _places.WaitAsync(_gone.Token);
            var share = length > SmallRequest ? await memory.TakeAsync(length, _gone.Token) : null;
            var request = new Request(length, _host, _gone.Token);
            if (share is not null)
                request.Held.Add(share);
            try
            {
                using var limit = share is null ? null : CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
                limit?.CancelAfter(Patience);
                await _stream.ReadExactlyAsync(request.Bytes, limit?.Token ?? _gone.Token);
                request.ReadHeader();
            }
            catch
            {
                request.Dispose();
                throw;
            }

            _sent = SendAsync(_sent, request, handle(request));
        }
    }

    /// <param name="before">The response before this one. Where it failed, none follows it.</param>
    private async Task SendAsync(Task before, Request request, Task handled)
    {
        try
        {
            await Task.WhenAll(before, handled); // for both, whatever comes of them: only then nobody uses the request's memory
            if (request.IsSilent)
                return;
            _gone.CancelAfter(Patience);
            await _stream.WriteAsync(request.Finish(), _gone.Token);
            _gone.CancelAfter(Timeout.InfiniteTimeSpan);
        }
        catch
        {
            await _gone.CancelAsync();
            throw;
        }
        finally
        {
            request.Dispose();
            _places.Release();
        }
    }

    /// <summary>A request that is none, or a fault of ours: this client is done, the others are not. Null where one side simply ended.</summary>
    private static async Task<string?> FaultAsync(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (Exception e)
        {
            return e switch
            {
                MalformedRequestException => e.Message,
                SocketException or IOException or OperationCanceledException or ObjectDisposedException => null,
                _ => $"a request failed: {e}",
            };
        }
    }
}
