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

    public const string AdminEmail = "admin@localhost";

    /// <summary>Of <see cref="AdminEmail"/>. Folders of earlier releases have none of these two.</summary>
    public string AdminPassword { get; init; } = "";

    /// <summary>Encrypts the keys that sign access tokens.</summary>
    public string SigningKeyPassphrase { get; init; } = "";

    public static Keys Create() => new()
    {
        WriteKey = "wk_" + Secret(),
        ServerKey = "sk_" + Secret(),
        AdminKey = "ak_" + Secret(),
        MetricsKey = Secret(),
        PostgresPassword = Secret(),
        RedisPassword = Secret(),
        AdminPassword = Secret(),
        SigningKeyPassphrase = Secret(),
    };

    /// <summary>Those of the folder, made and kept (mode 0600) where there are none yet.</summary>
    public static Keys Of(DataFolder data)
    {
        if (!File.Exists(data.Keys))
            DataFolder.WritePrivate(data.Keys, Json.Write(Create()));
        var keys = Json.Read<Keys>(data.Keys);
        if (keys.AdminPassword.Length > 0)
            return keys;
        keys = keys with { AdminPassword = Secret(), SigningKeyPassphrase = Secret() };
        DataFolder.WritePrivate(data.Keys, Json.Write(keys));
        return keys;
    }

    private static string Secret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
