using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide.Governance;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Stops what is risky until somebody else has approved the experiment as it stands.</summary>
internal static class ApprovalGate
{
    /// <param name="share">The share of all units that the change reaches, 0 to 1.</param>
    public static async Task<FieldProblem?> CheckAsync(Changing changing, double share, bool hasGuardrail)
    {
        var stored = changing.Stored;
        var reasons = Risk.Of(await GovernanceStore.RulesAsync(changing.Db, changing.Caller.Site), stored.Definition, share, hasGuardrail).ToList();
        if (stored.Status == "in_review") reasons.Add(new RiskReason("in_review", "it was submitted for a review"));
        if (reasons.Count == 0 || await GovernanceStore.ApprovalAsync(changing.Db, changing.Caller.Site, stored) is not null) return null;
        return new FieldProblem("approval_required", null, $"somebody else has to approve it as it stands: {string.Join("; ", reasons.Select(r => r.Text))}")
        {
            More = new JsonObject { ["reasons"] = JsonSerializer.SerializeToNode(reasons, JsonBody.Options) },
        };
    }
}
