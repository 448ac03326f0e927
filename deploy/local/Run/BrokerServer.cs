using System.Text.Json.Nodes;
using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>The local Kafka broker (deploy/broker), which writes its address to broker.json when it is ready.</summary>
internal sealed class BrokerServer(DataFolder data, int port)
{
    public const string Name = "broker";

    public Component Prepare() => new()
    {
        Name = Name,
        Address = Bootstrap,
        Ports = [port],
        Probe = ProbeAsync,
        Spec = new ProcessSpec
        {
            Command = ["dotnet", Assembly],
            Revision = Builds.Revision(Assembly),
            Environment = new Dictionary<string, string>
            {
                ["Broker__Data"] = data.BrokerLog,
                ["Broker__Port"] = port.ToString(),
                ["Broker__ReadyFile"] = data.Broker,
            },
        },
    };

    private static string Assembly => Checkout.Assembly("deploy/broker", "CroPlatform.Broker");

    private string Bootstrap() => Bootstrap(data);

    /// <summary>host:port of a running broker.</summary>
    public static string Bootstrap(DataFolder data) => (string?)JsonNode.Parse(File.ReadAllText(data.Broker))?["bootstrap"]
        ?? throw new FailureException($"{data.Broker} names no bootstrap server");

    private async Task<string?> ProbeAsync(CancellationToken cancel)
    {
        if (!File.Exists(data.Broker))
            return $"{data.Broker} is not written yet";
        var address = Bootstrap().Split(':');
        return await Probes.TcpAsync(address[0], int.Parse(address[1]), cancel);
    }
}
