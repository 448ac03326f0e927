using System.Globalization;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>The audit log as approvers and admins read it.</summary>
internal static class AuditEndpoints
{
    private const int MostRows = 1_000;

    public static void MapAudit(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/audit", async (HttpContext context, AuditLog log, CancellationToken ct) =>
        {
            var query = context.Request.Query;
            if (Filter(query, out var field) is not { } filter) return Malformed(field!);
            if (!Number(query["limit"], 100, 1, MostRows, out var limit)) return Malformed("limit");
            if (!Number(query["cursor"], long.MaxValue, 1, long.MaxValue, out var cursor)) return Malformed("cursor");
            var rows = await log.ListAsync(context.Grant().Site, filter, cursor, (int)limit + 1, ct);
            var page = rows.Take((int)limit).ToList();
            return Results.Json(new { entries = page.Select(AuditView.Of), next_cursor = rows.Count > page.Count ? (long?)page[^1].Row.Seq : null }, JsonBody.Options);
        }).RequirePerson(PersonRole.Approver);

        app.MapGet("/api/v1/audit/export", async (HttpContext context, AuditLog log, CancellationToken ct) =>
        {
            var query = context.Request.Query;
            if (Filter(query, out var field) is not { } filter) return Malformed(field!);
            var format = query["format"].ToString();
            if (format is not ("" or "ndjson" or "csv")) return Malformed("format");
            var rows = log.ReadAsync(context.Grant().Site, filter, ct);
            context.Response.ContentType = format == "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson";
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"audit.{(format == "csv" ? "csv" : "ndjson")}\"";
            await (format == "csv" ? AuditExport.WriteCsvAsync(context.Response.Body, rows, ct) : AuditExport.WriteLinesAsync(context.Response.Body, rows, ct));
            return Results.Empty;
        }).RequirePerson(PersonRole.Approver);

        app.MapGet("/api/v1/audit/verify", async (HttpContext context, AuditLog log, CancellationToken ct) =>
        {
            var (length, fault) = await log.VerifyAsync(context.Grant().Site, ct);
            return Results.Json(new { ok = fault is null, rows = length, broken_at = fault is null ? (long?)null : length + 1, detail = fault }, JsonBody.Options);
        }).RequirePerson(PersonRole.Approver);
    }

    private static AuditFilter? Filter(IQueryCollection query, out string? field)
    {
        field = null;
        if (!Time(query["from"], out var from)) field = "from";
        if (!Time(query["to"], out var to)) field = "to";
        if (query.FirstOrDefault(q => q.Value.ToString().Contains('\0', StringComparison.Ordinal)).Key is { } nul) field = nul;
        return field is null ? new AuditFilter(Text("subject_kind"), Text("subject"), Text("action"), Text("actor"), from, to) : null;

        string? Text(string name) => query[name].ToString() is { Length: > 0 } text ? text : null;
    }

    private static bool Time(string? text, out DateTimeOffset? time)
    {
        time = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read)) return false;
        time = read;
        return true;
    }

    private static bool Number(string? text, long otherwise, long low, long high, out long number)
    {
        number = otherwise;
        return string.IsNullOrEmpty(text)
            || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= low && number <= high);
    }

    private static IResult Malformed(string field) => Problem.Result(StatusCodes.Status400BadRequest, "out_of_range", field, $"{field} cannot be read, or is out of range");
}
