using CroPlatform.Contracts.Privacy;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Receive.Privacy;

/// <summary>A person by the ids under which events were sent; at least one.</summary>
internal sealed record PersonRequest(string? VisitorId, string? UserId, string? AccountId, string? DeviceId)
{
    private const int MaxUnit = 256;

    public IReadOnlyList<PersonUnit> Units => [.. new[]
    {
        (UnitTypes.Visitor, VisitorId), (UnitTypes.User, UserId), (UnitTypes.Account, AccountId), (UnitTypes.Device, DeviceId),
    }.Where(u => u.Item2 is not null).Select(u => new PersonUnit { UnitType = u.Item1, Unit = u.Item2 })];

    public FieldProblem? Problem()
    {
        if (Units.Count == 0) return new FieldProblem("required", "visitor_id", "name the person by at least one of visitor_id, user_id, account_id and device_id");
        foreach (var unit in Units)
        {
            if (unit.Unit.Length is 0 or > MaxUnit || unit.Unit.Contains('\0', StringComparison.Ordinal))
            {
                return new FieldProblem("out_of_range", $"{unit.UnitType}_id", $"{unit.UnitType}_id has 1 to {MaxUnit} characters");
            }
        }

        return null;
    }
}
