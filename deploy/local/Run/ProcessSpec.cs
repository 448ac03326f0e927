using System.Security.Cryptography;
using System.Text;

namespace CroPlatform.Local.Run;

/// <summary>A program to run, in full: two equal specs need no restart between them.</summary>
internal sealed record ProcessSpec
{
    public required IReadOnlyList<string> Command { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Where it runs; a folder that its user can enter.</summary>
    public string Folder { get; init; } = "/";

    /// <summary>Which build of it, so that a new build is a new spec.</summary>
    public string Revision { get; init; } = "";

    /// <summary>A short hash over everything above.</summary>
    public string Fingerprint()
    {
        var text = new StringBuilder();
        foreach (var word in Command)
            text.Append(word).Append('\0');
        foreach (var (name, value) in Environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            text.Append(name).Append('=').Append(value).Append('\0');
        text.Append(Folder).Append('\0').Append(Revision);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }
}
