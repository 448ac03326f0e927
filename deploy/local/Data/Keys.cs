using System.Buffers.Text;
using System.Security.Cryptography;

namespace CroPlatform.Local.Data;

/// <summary>The secrets of one instance, made at its first start: 32 random bytes each, base64url.</summary>
internal sealed record Keys
{
    public required string WriteKey { get; init; }

    public required string ServerKey { get; init; }

    public required string AdminKey { get; init; }

    public required string MetricsKey { get; init; }

    public required string PostgresPassword { get; init; }

    public required string RedisPassword { get; init; }

    public static Keys Create() => new()
    {
        WriteKey = "wk_" + Secret(),
        ServerKey = "sk_" + Secret(),
        AdminKey = "ak_" + Secret(),
        MetricsKey = Secret(),
        PostgresPassword = Secret(),
        RedisPassword = Secret(),
    };

    /// <summary>Those of the folder, made and kept (mode 0600) where there are none yet.</summary>
    public static Keys Of(DataFolder data)
    {
        if (!File.Exists(data.Keys))
            DataFolder.WritePrivate(data.Keys, Json.Write(Create()));
        return Json.Read<Keys>(data.Keys);
    }

    private static string Secret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
