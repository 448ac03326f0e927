using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CroPlatform.Services.Experiments.Decide.Audit;

/// <summary>One change in the audit log of a site. Pure.</summary>
/// <param name="Seq">1, 2, 3 … within the site.</param>
/// <param name="At">UTC, in whole milliseconds.</param>
/// <param name="Action">The kind of subject, a point and a past participle: <c>experiment.started</c>.</param>
/// <param name="Before">Canonical JSON; null: nothing was there.</param>
/// <param name="After">Canonical JSON; null: nothing is there any more.</param>
/// <param name="PreviousHash">32 bytes; zeros for the first row.</param>
internal sealed record AuditRow(
    string Site,
    long Seq,
    DateTimeOffset At,
    string Actor,
    string Action,
    string SubjectKind,
    string Subject,
    string? Before,
    string? After,
    string? Reason,
    byte[] PreviousHash)
{
    private const uint Absent = uint.MaxValue;

    public string AtText => At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// SHA-256 of the previous row's hash, then of each field in the order of this record: four bytes of its length in UTF-8 (big-endian; all ones
    /// where the field is absent), then its bytes.
    /// </summary>
    public byte[] ComputeHash()
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha256.AppendData(PreviousHash);
        Span<byte> length = stackalloc byte[4];
        foreach (var field in (string?[])[Site, Seq.ToString(CultureInfo.InvariantCulture), AtText, Actor, Action, SubjectKind, Subject, Before, After, Reason])
        {
            BinaryPrimitives.WriteUInt32BigEndian(length, field is null ? Absent : (uint)Encoding.UTF8.GetByteCount(field));
            sha256.AppendData(length);
            if (field is not null) sha256.AppendData(Encoding.UTF8.GetBytes(field));
        }

        return sha256.GetHashAndReset();
    }
}
