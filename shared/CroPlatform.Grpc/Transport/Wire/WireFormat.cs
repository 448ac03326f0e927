using System.Globalization;
using System.Text;
using Grpc.Core;

namespace CroPlatform.Grpc.Wire;

/// <summary>The header values of "gRPC over HTTP2" (PROTOCOL-HTTP2.md of the gRPC project).</summary>
internal static class WireFormat
{
    public const string ContentType = "application/grpc";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string Identity = "identity";
    public const string Gzip = "gzip";
    public const string AcceptedEncodings = Identity + "," + Gzip;

    /// <summary>Metadata that never travels: by it a caller or a service asks for its own messages to be compressed.</summary>
    public const string EncodingRequest = "grpc-internal-encoding-request";

    /// <summary>What the runtime's timers can count; a later deadline is kept but not timed.</summary>
    public static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private static readonly string[] StatusTexts = [.. Enumerable.Range(0, 17).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('u', TimeSpan.TicksPerMicrosecond), ('m', TimeSpan.TicksPerMillisecond), ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute), ('H', TimeSpan.TicksPerHour),
    ];

    public static string StatusText(StatusCode code) =>
        (uint)code < StatusTexts.Length ? StatusTexts[(int)code] : ((int)code).ToString(CultureInfo.InvariantCulture);

    /// <summary>True for application/grpc, alone, with a "+proto"-like suffix or with parameters.</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');

    /// <summary>Headers that belong to HTTP or to the protocol and are no metadata of the caller's.</summary>
    public static bool IsReserved(string header) => header.Length == 0 || header[0] == ':' || header.ToLowerInvariant() is
        "content-type" or "content-length" or "host" or "te" or "accept-encoding"
        or Timeout or Encoding or AcceptEncoding or StatusHeader or MessageHeader or EncodingRequest;

    /// <summary>True where metadata asks for gzip.</summary>
    /// <exception cref="ArgumentException">It asks for an encoding that is not known.</exception>
    public static bool AsksForGzip(Metadata? metadata) => metadata?.GetValue(EncodingRequest) switch
    {
        null or Identity => false,
        Gzip => true,
        var other => throw new ArgumentException($"'{EncodingRequest}' asks for '{other}'; {AcceptedEncodings} are known.", nameof(metadata)),
    };

    /// <summary>Whether a grpc-accept-encoding header lists gzip.</summary>
    public static bool AcceptsGzip(string? acceptEncoding) =>
        acceptEncoding is not null && acceptEncoding.Split(',', StringSplitOptions.TrimEntries).Contains(Gzip, StringComparer.Ordinal);

    /// <summary>At most eight digits and a unit, in the finest unit from microseconds up that holds the value, rounded up.</summary>
    public static string FormatTimeout(TimeSpan timeout)
    {
        const long max = 99_999_999;
        foreach (var (unit, ticks) in Units)
        {
            var (value, rest) = Math.DivRem(Math.Max(timeout.Ticks, 0), ticks);
            if (rest > 0)
                value++;
            if (value <= max)
                return $"{value}{unit}";
        }
        return $"{max}H";
    }

    /// <summary>False where the text is no timeout. What exceeds a <see cref="TimeSpan"/> becomes its largest value.</summary>
    public static bool TryParseTimeout(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !uint.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            return false;
        if (text[^1] == 'n')
        {
            timeout = TimeSpan.FromTicks(value / TimeSpan.NanosecondsPerTick);
            return true;
        }
        var index = Array.FindIndex(Units, unit => unit.Unit == text[^1]);
        if (index < 0)
            return false;
        timeout = value > TimeSpan.MaxValue.Ticks / Units[index].Ticks ? TimeSpan.MaxValue : TimeSpan.FromTicks(value * Units[index].Ticks);
        return true;
    }

    /// <summary>Percent-encodes what is not printable ASCII, and '%'.</summary>
    public static string EncodeMessage(string message)
    {
        if (!message.AsSpan().ContainsAnyExceptInRange(' ', '~') && !message.Contains('%'))
            return message;
        var encoded = new StringBuilder(message.Length + 32);
        foreach (var octet in System.Text.Encoding.UTF8.GetBytes(message))
        {
            if (octet is >= (byte)' ' and <= (byte)'~' and not (byte)'%')
                encoded.Append((char)octet);
            else
                encoded.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
        }
        return encoded.ToString();
    }

    /// <summary>Undoes <see cref="EncodeMessage"/>; never fails: what is not an escape stays as it is.</summary>
    public static string DecodeMessage(string encoded)
    {
        if (!encoded.Contains('%'))
            return encoded;
        var octets = new List<byte>(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%' && i + 2 < encoded.Length
                && byte.TryParse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                octets.Add(octet);
                i += 2;
            }
            else
            {
                octets.Add((byte)encoded[i]);
            }
        }
        return System.Text.Encoding.UTF8.GetString([.. octets]);
    }

    /// <summary>An entry as a header value; bytes as base64 without padding.</summary>
    public static string HeaderValue(Metadata.Entry entry) =>
        entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value;

    /// <summary>
    /// Adds a received header to the metadata; binary values may come several to a header, with or without padding. False for
    /// one that is not base64.
    /// </summary>
    public static bool TryAddReceived(Metadata metadata, string name, string value)
    {
        var key = name.ToLowerInvariant();
        if (!key.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal))
        {
            metadata.Add(Metadata.Entry.Received(key, value));
            return true;
        }
        foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
        {
            var padded = part.TrimEnd('=');
            padded = padded.PadRight((padded.Length + 3) / 4 * 4, '=');
            var bytes = new byte[padded.Length / 4 * 3];
            if (!Convert.TryFromBase64String(padded, bytes, out var written))
                return false;
            metadata.Add(Metadata.Entry.Received(key, bytes[..written]));
        }
        return true;
    }
}
