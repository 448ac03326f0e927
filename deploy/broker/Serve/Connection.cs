using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace CroPlatform.Broker.Serve;

/// <summary>
/// One client: requests are begun in the order in which they come, several may be under way at once (so that one producer's batches share
/// syncs), and responses leave in the order of the requests. Anything that is no request ends the connection.
/// </summary>
internal sealed class Connection(Socket socket, Func<Request, Task> handle, MemoryBudget memory, BrokerOptions options)
{
    // A client may have this many requests under way; librdkafka sends up to a million unless told otherwise, the rest waits in the socket.
    private const int MaxUnderWay = 32;

    // Smaller requests are not counted: their sum is bounded by the number of connections.
    private const int SmallRequest = 16 * 1024;

    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(30);

    private readonly Channel<(Request Request, Task Handled)> _underWay =
        Channel.CreateBounded<(Request, Task)>(new BoundedChannelOptions(MaxUnderWay) { SingleReader = true, SingleWriter = true });

    private readonly string _host = "/" + ((IPEndPoint)socket.RemoteEndPoint!).Address;

    /// <summary>Serves until either side ends it.</summary>
    /// <returns>Why it ended, where that is worth a line; else null.</returns>
    public async Task<string?> RunAsync(CancellationToken stop)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stop);
        socket.NoDelay = true;
        var sending = SendAsync(gone);
        string? why = null;
        try
        {
            await ReceiveAsync(gone.Token);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side is gone, or we are ending.
        }
        catch (MalformedRequestException e)
        {
            why = e.Message;
        }

        await gone.CancelAsync(); // ends what waits for records or members
        _underWay.Writer.TryComplete();
        why = await sending ?? why;
        socket.Dispose();
        return why;
    }

    private async Task ReceiveAsync(CancellationToken gone)
    {
        var head = new byte[4];
        while (await FillAsync(head, gone))
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(head);
            if (length < 8 || length > options.MaxRequestBytes)
                throw new MalformedRequestException($"a request of {length} bytes");
            var share = length > SmallRequest ? await memory.TakeAsync(length, gone) : null;
            var buffer = ArrayPool<byte>.Shared.Rent(length);
            var request = new Request(buffer, length, _host, gone);
            if (share is not null)
                request.Hold(share);
            Task handled;
            try
            {
                if (!await FillAsync(buffer.AsMemory(0, length), gone))
                    throw new MalformedRequestException("the connection ended within a request");
                request.ReadHeader();
                handled = handle(request);
            }
            catch
            {
                request.Dispose();
                throw;
            }

            try
            {
                await _underWay.Writer.WriteAsync((request, handled), gone);
            }
            catch
            {
                await EndAsync(request, handled);
                throw;
            }
        }
    }

    private async Task<bool> FillAsync(Memory<byte> buffer, CancellationToken gone)
    {
        for (var filled = 0; filled < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer[filled..], gone);
            if (read == 0)
                return false;
            filled += read;
        }

        return true;
    }

    private async Task<string?> SendAsync(CancellationTokenSource gone)
    {
        string? why = null;
        await foreach (var (request, handled) in _underWay.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                await handled;
                if (request.IsSilent || why is not null)
                    continue;
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(gone.Token);
                limit.CancelAfter(SendLimit);
                for (var left = request.Finish(); left.Length > 0;)
                    left = left[await socket.SendAsync(left, limit.Token)..];
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                await gone.CancelAsync();
            }
            catch (Exception e)
            {
                // A request whose body is broken, or a fault of ours: this client is done, the others are not.
                why = e is MalformedRequestException ? e.Message : $"{request.Key} failed: {e}";
                await gone.CancelAsync();
            }
            finally
            {
                request.Dispose();
            }
        }

        return why;
    }

    private static async Task EndAsync(Request request, Task handled)
    {
        try
        {
            await handled;
        }
        catch (Exception e) when (e is MalformedRequestException or OperationCanceledException or IOException)
        {
            // Nobody is left to tell.
        }

        request.Dispose();
    }
}
