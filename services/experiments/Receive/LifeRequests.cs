namespace CroPlatform.Services.Experiments.Receive;

/// <summary>The body of POST …/schedule. A time is local to the zone (2026-03-29T02:30), or carries its offset.</summary>
public sealed record PlanRequest
{
    public string? Start { get; init; }
    public string? End { get; init; }

    /// <summary>IANA name; the site's if absent.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>The body of POST …/roll-out; empty: the next step.</summary>
public sealed record RollOutRequest
{
    /// <summary>Not needed where there is one treatment.</summary>
    public string? Variant { get; init; }

    /// <summary>Above 0, at most 1.</summary>
    public double? Share { get; init; }

    /// <summary>1, 2, 3: 10, 50, 100 %.</summary>
    public int? Step { get; init; }
    public string? Reason { get; init; }
}

/// <summary>The body of commands that may say why: approve, reject, roll-back and the rest; it goes to the audit log.</summary>
public sealed record ReasonRequest
{
    public string? Reason { get; init; }
}

/// <summary>The body of POST …/comments.</summary>
public sealed record CommentRequest
{
    public string? Text { get; init; }
}

/// <summary>The body of PUT /api/v1/approval-rules: what needs somebody else's approval. Nothing does where nothing is said.</summary>
public sealed record ApprovalRules
{
    /// <summary>Above this share of units, 0 to 1.</summary>
    public double? MaxTrafficShare { get; init; }

    /// <summary>Experiments without a guardrail.</summary>
    public bool? RequireGuardrail { get; init; }

    /// <summary>Paths, * being any characters.</summary>
    public IReadOnlyList<string?>? RiskyPages { get; init; }

    /// <summary>Everything.</summary>
    public bool? Always { get; init; }
}
