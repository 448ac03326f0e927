using CroPlatform.Local.Data;

namespace CroPlatform.Local.Run;

/// <summary>Redis on a port of its own. It holds a cache: nothing of it is kept on disk.</summary>
internal sealed class RedisServer(DataFolder data, int port, string password)
{
    public const string Name = "redis";

    public string Address => $"127.0.0.1:{port}";

    public Component Prepare()
    {
        // In a file of mode 0600, not on the command line, where every user of the machine could read the password.
        var file = Path.Combine(data.Redis, "redis.conf");
        DataFolder.WritePrivate(file, $"""
            bind 127.0.0.1
            port {port}
            requirepass {password}
            save ""
            appendonly no
            maxmemory 256mb
            maxmemory-policy allkeys-lru
            dir "{data.Redis}"

            """);
        return new Component
        {
            Name = Name,
            Address = () => Address,
            Ports = [port],
            Probe = cancel => Probes.RedisAsync(port, password, cancel),
            Spec = new ProcessSpec { Command = [Shell.Find("redis-server") ?? "redis-server", file], Revision = $"{port} {password}" },
        };
    }
}
