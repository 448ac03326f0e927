using System.Text;
using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>The audit log as a file, written as it is read: its length does not matter.</summary>
internal static class AuditExport
{
    private const string Columns = "site,seq,at,actor,action,subject_kind,subject,before,after,reason,previous_hash,hash";

    /// <summary>One JSON object a line, with the site; all that verification needs.</summary>
    public static async Task WriteLinesAsync(Stream stream, IAsyncEnumerable<StoredAudit> rows, CancellationToken ct)
    {
        await foreach (var stored in rows.WithCancellation(ct))
        {
            var line = JsonSerializer.SerializeToNode(AuditView.Of(stored), JsonBody.Options)!.AsObject();
            line.Insert(0, "site", stored.Row.Site);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(line.ToJsonString() + "\n"), ct);
        }
    }

    /// <summary>RFC 4180.</summary>
    public static async Task WriteCsvAsync(Stream stream, IAsyncEnumerable<StoredAudit> rows, CancellationToken ct)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(Columns + "\r\n"), ct);
        await foreach (var (row, hash) in rows.WithCancellation(ct))
        {
            string?[] cells =
            [
                row.Site, $"{row.Seq}", row.AtText, row.Actor, row.Action, row.SubjectKind, row.Subject, row.Before, row.After, row.Reason,
                Convert.ToHexStringLower(row.PreviousHash), Convert.ToHexStringLower(hash),
            ];
            await stream.WriteAsync(Encoding.UTF8.GetBytes(string.Join(',', cells.Select(Cell)) + "\r\n"), ct);
        }
    }

    /// <summary>A cell that a spreadsheet will not take for a formula: it then begins with an apostrophe.</summary>
    internal static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var isFormula = text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n';
        return $"\"{(isFormula ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
