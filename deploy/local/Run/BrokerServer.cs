using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>The local Kafka broker (deploy/broker), which listens once it can serve.</summary>
internal sealed class BrokerServer(DataFolder data, int port)
{
    public const string Name = "broker";

    /// <summary>host:port.</summary>
    public string Address => $"127.0.0.1:{port}";

    public Component Prepare() => new()
    {
        Name = Name,
        Address = () => Address,
        Ports = [port],
        Probe = cancel => Probes.TcpAsync("127.0.0.1", port, cancel),
        Spec = new ProcessSpec
        {
            Command = ["dotnet", Assembly],
            Revision = Builds.Revision(Assembly),
            Environment = new Dictionary<string, string>
            {
                ["Broker__Data"] = data.Broker,
                ["Broker__Port"] = port.ToString(),
            },
        },
    };

    private static string Assembly => Checkout.Assembly("deploy/broker", "CroPlatform.Broker");
}
