using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Store.Webhooks;

/// <summary>Encrypts secrets that must be read again, by AES-256-GCM under a key of the configured passphrase: a copy of the database tells none.</summary>
internal sealed class SecretBox(IOptions<SessionOptions> options)
{
    private const int NonceSize = 12;
    private const int TagSize = 16;

    // The passphrase is random in every installation that sets one, so it needs no stretching.
    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(options.Value.SigningKeyPassphrase), 32, info: "cro webhook secrets"u8.ToArray());

    public byte[] Close(byte[] secret)
    {
        var box = new byte[NonceSize + TagSize + secret.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceSize));
        using var aes = new AesGcm(_key, TagSize);
        aes.Encrypt(box.AsSpan(0, NonceSize), secret, box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize));
        return box;
    }

    /// <exception cref="CryptographicException">It was closed under another passphrase.</exception>
    public byte[] Open(byte[] box)
    {
        var secret = new byte[box.Length - NonceSize - TagSize];
        using var aes = new AesGcm(_key, TagSize);
        aes.Decrypt(box.AsSpan(0, NonceSize), box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize), secret);
        return secret;
    }
}
