namespace CroPlatform.Experimentation;

/// <summary>What an experiment can be randomised by, as it is called on the wire.</summary>
public static class UnitTypes
{
    public const string Visitor = "visitor";
    public const string User = "user";
    public const string Account = "account";
    public const string Device = "device";

    public static IReadOnlyList<string> All { get; } = [Visitor, User, Account, Device];

    /// <summary>The attribute that holds a unit's id, say user_id.</summary>
    public static string AttributeOf(string unitType) => unitType switch
    {
        Visitor => "visitor_id",
        User => "user_id",
        Account => "account_id",
        Device => "device_id",
        _ => throw new ArgumentOutOfRangeException(nameof(unitType), unitType, "there is no such type of unit"),
    };

    public static bool IsKnown(string unitType) => unitType is Visitor or User or Account or Device;
}
