using CroPlatform.Grpc.Tests.Echo;
using Grpc.Net.Client;

namespace CroPlatform.Grpc.Tests;

/// <summary>The echo service on a server of our own or on one that others wrote.</summary>
internal sealed class EchoPeer : IAsyncDisposable
{
    private readonly IDisposable? _process;
    private readonly EchoServer? _own;

    private EchoPeer(int port, EchoServer? own, IDisposable? process)
    {
        (_own, _process) = (own, process);
        Channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        Client = new Echo.Echo.EchoClient(Channel);
    }

    public GrpcChannel Channel { get; }

    public Echo.Echo.EchoClient Client { get; }

    public static async Task<EchoPeer> StartAsync(string language)
    {
        if (language == "own")
        {
            var own = await EchoServer.StartAsync();
            return new EchoPeer(own.Port, own, null);
        }
        var process = ForeignProcess.Start(language, "server");
        return new EchoPeer(int.Parse(await process.ReadLineAsync()), null, process);
    }

    /// <summary>Waits until the server has noticed that the hanging call of this text was given up.</summary>
    public Task SeesCancelledAsync(string text) => Eventually.TrueAsync(async () =>
        (await Client.UnaryAsync(new Ping { Text = text, Act = Ping.Types.Act.WasCancelled })).Number == 1);

    /// <summary>How many messages the server has read or written in the stream of this text.</summary>
    public async Task<int> ProgressAsync(string text) => (await Client.UnaryAsync(new Ping { Text = text, Act = Ping.Types.Act.Progress })).Number;

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        _process?.Dispose();
        if (_own is not null)
            await _own.DisposeAsync();
    }
}
