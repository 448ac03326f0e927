using System.Security.Cryptography;
using System.Text;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Whose command it is, and under which conditions it is to be carried out.</summary>
/// <param name="Actor">As the audit log names him.</param>
internal sealed record Caller(string Site, string Actor)
{
    public const string IdempotencyHeader = "Idempotency-Key";
    public const string IdempotencyField = "idempotency-key";

    private const int MaxKey = 255;

    /// <summary>The key under which the command happens once, however often it is sent; null: none was given.</summary>
    public IdempotentRequest? Idempotency { get; init; }

    /// <summary>The ETags of which one must be the present one; null: any will do.</summary>
    public string? IfMatch { get; init; }

    /// <summary>Reads the body where an idempotency key makes that necessary; it can be read again.</summary>
    public static async Task<(Caller? Caller, FieldProblem? Problem)> OfAsync(HttpContext context)
    {
        var caller = new Caller(context.Grant().Site, context.Grant().Actor) { IfMatch = context.Request.Headers.IfMatch is { Count: > 0 } tags ? tags.ToString() : null };
        var keys = context.Request.Headers[IdempotencyHeader];
        if (keys.Count == 0) return (caller, null);
        if (keys is not [{ } key] || !IsKey(key)) return (null, MalformedKey);
        context.Request.EnableBuffering();
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Request.Body.Position = 0;
        var target = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
        return (caller with { Idempotency = IdempotentRequest.Of(key, target, body.GetBuffer().AsSpan(0, (int)body.Length)) }, null);
    }

    public static FieldProblem MalformedKey { get; } = new("out_of_range", IdempotencyField, $"an idempotency key has 1 to {MaxKey} printable ASCII characters");

    public static bool IsKey(string key) => key.Length is > 0 and <= MaxKey && key.All(c => c is >= ' ' and <= '~');

    /// <summary>Whether the caller has seen the present state, if he says which one he has seen.</summary>
    public bool HasSeen(string etag) => IfMatch is null || IfMatch.Split(',', StringSplitOptions.TrimEntries).Any(tag => tag == "*" || tag == etag);
}

/// <param name="Sha256">Of all that the command says: the same key with another command is a mistake.</param>
internal sealed record IdempotentRequest(string Key, byte[] Sha256)
{
    public static IdempotentRequest Of(string key, string target, ReadOnlySpan<byte> body)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha256.AppendData(Encoding.UTF8.GetBytes(target));
        sha256.AppendData("\n"u8);
        sha256.AppendData(body);
        return new IdempotentRequest(key, sha256.GetHashAndReset());
    }
}
