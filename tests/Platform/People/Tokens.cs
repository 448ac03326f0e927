using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.People;

/// <summary>What an attacker makes of an access token.</summary>
internal static class Tokens
{
    /// <summary>Another claim under the old signature.</summary>
    public static string WithClaim(string token, string claim, JsonNode value)
    {
        var (header, payload, signature) = Split(token);
        payload[claim] = value;
        return $"{Encode(header)}.{Encode(payload)}.{signature}";
    }

    /// <summary>Another algorithm in the header, with this signature.</summary>
    public static string WithAlgorithm(string token, string algorithm, Func<string, byte[]> sign)
    {
        var (header, payload, _) = Split(token);
        header["alg"] = algorithm;
        var text = $"{Encode(header)}.{Encode(payload)}";
        return $"{text}.{Base64Url.EncodeToString(sign(text))}";
    }

    /// <summary>The same claims, signed by a key of the attacker's own under the platform's key id.</summary>
    public static string SignedBy(string token, ECDsa key) =>
        WithAlgorithm(token, "ES256", text => key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256));

    public static (JsonObject Header, JsonObject Payload, string Signature) Split(string token)
    {
        var parts = token.Split('.');
        return (Decode(parts[0]), Decode(parts[1]), parts[2]);
    }

    private static JsonObject Decode(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();

    private static string Encode(JsonNode json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
