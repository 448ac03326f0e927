using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

internal static class ApprovalRulesCheck
{
    public static IReadOnlyList<FieldProblem> Check(ApprovalRules rules)
    {
        var problems = new FieldProblems();
        problems.Range(rules.MaxTrafficShare, "max_traffic_share", 0, 1);
        if (problems.Items(rules.RiskyPages, "risky_pages", 100))
        {
            for (var i = 0; i < rules.RiskyPages!.Count; i++)
            {
                if (rules.RiskyPages[i]!.Length == 0) problems.Missing($"risky_pages[{i}]");
                problems.Text(rules.RiskyPages[i], $"risky_pages[{i}]", 500);
            }
        }

        return problems.All;
    }
}
