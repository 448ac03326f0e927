namespace CroPlatform.Services.Experiments.Decide.Audit;

/// <summary>Follows a site's rows from the first one and tells where the chain breaks. Pure.</summary>
internal sealed class AuditChain
{
    public static readonly byte[] Root = new byte[32];

    private byte[] _hash = Root;

    /// <summary>How many rows fitted.</summary>
    public long Length { get; private set; }

    /// <summary>Why this row does not follow the ones before it, or null.</summary>
    public string? Append(AuditRow row, byte[] hash)
    {
        if (row.Seq != Length + 1) return $"row {Length + 1} is missing: the next one is {row.Seq}";
        if (!row.PreviousHash.AsSpan().SequenceEqual(_hash)) return $"row {row.Seq} does not name the hash of the row before it";
        if (!row.ComputeHash().AsSpan().SequenceEqual(hash)) return $"row {row.Seq} was changed: its hash is another one";
        (Length, _hash) = (row.Seq, hash);
        return null;
    }

    /// <summary>Why the log does not end here, or null.</summary>
    public string? End(long seq, byte[] hash) => seq == Length && hash.AsSpan().SequenceEqual(_hash) ? null : $"the log ends at row {Length} and should end at row {seq}";
}
