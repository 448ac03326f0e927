using System.Text.Json;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;

namespace CroPlatform.ServiceDefaults.Sockets;

/// <summary>
/// Who watches: an admin key, or a signed-in person's access token, which the page renews by sending the next one before it runs out. Ends with
/// the key's or the person's rights.
/// </summary>
public sealed class Viewer
{
    private readonly Callers _callers;
    private volatile string _credential;

    private Viewer(Callers callers, string credential, string site) => (_callers, _credential, Site) = (callers, credential, site);

    public string Site { get; }

    /// <summary>The bearer to ask other services with.</summary>
    public string Credential => _credential;

    /// <param name="message"><c>{"key": "…"}</c> or <c>{"token": "…"}</c>.</param>
    /// <returns>Null if it opens nothing.</returns>
    public static async Task<Viewer?> OfAsync(Callers callers, ReadOnlyMemory<byte> message)
    {
        ArgumentNullException.ThrowIfNull(callers);
        return CredentialIn(message) is { } credential && await GrantAsync(callers, credential) is { } grant ? new Viewer(callers, credential, grant.Site) : null;
    }

    /// <summary>Takes the next credential; one that opens nothing, or another site, is passed over.</summary>
    public async Task RenewAsync(ReadOnlyMemory<byte> message)
    {
        if (CredentialIn(message) is { } credential && (await GrantAsync(_callers, credential))?.Site == Site) _credential = credential;
    }

    public async Task<bool> MayStillSeeAsync() => await GrantAsync(_callers, _credential) is not null;

    private static async Task<KeyGrant?> GrantAsync(Callers callers, string credential) =>
        await callers.FindAsync(credential) is { } grant and (PersonGrant or { Role: KeyRole.Admin }) ? grant : null;

    private static string? CredentialIn(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var document = JsonDocument.Parse(message);
            var json = document.RootElement;
            if (json.ValueKind != JsonValueKind.Object) return null;
            return json.TryGetProperty("token", out var credential) || json.TryGetProperty("key", out credential) ? Text(credential) : null;
        }
        catch (JsonException)
        {
            return null;
        }

        static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
