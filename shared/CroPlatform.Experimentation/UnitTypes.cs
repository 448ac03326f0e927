namespace CroPlatform.Experimentation;

/// <summary>What an experiment can be randomised by, as it is called on the wire.</summary>
public static class UnitTypes
{
    public const string Visitor = "visitor";
    public const string User = "user";
    public const string Account = "account";
    public const string Device = "device";

    public static IReadOnlyList<string> All { get; } = [Visitor, User, Account, Device];

    public static bool IsKnown(string unitType) => unitType is Visitor or User or Account or Device;
}
