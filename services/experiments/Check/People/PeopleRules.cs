using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Decide.People;
using CroPlatform.Services.Experiments.Receive.People;

namespace CroPlatform.Services.Experiments.Check.People;

/// <summary>What requests about people, keys and sites must be like.</summary>
internal static class PeopleRules
{
    private const int MaxOrigins = 50;
    private const int MaxText = 200;

    public static IReadOnlyList<FieldProblem> Check(UserRequest user)
    {
        var problems = new FieldProblems();
        Email(problems, user.Email);
        problems.Text(user.Name, "name", MaxText);
        if (user.Role is null) problems.Missing("role");
        Role(problems, user.Role);
        Password(problems, user.Password, "password", user.Email);
        return problems.All;
    }

    public static IReadOnlyList<FieldProblem> Check(UserPatch user)
    {
        var problems = new FieldProblems();
        problems.Text(user.Name, "name", MaxText);
        if (user.Name is { Length: 0 }) problems.Missing("name");
        Role(problems, user.Role);
        Password(problems, user.Password, "password", null);
        return problems.All;
    }

    public static IReadOnlyList<FieldProblem> Check(PasswordRequest request)
    {
        var problems = new FieldProblems();
        if (string.IsNullOrEmpty(request.Current)) problems.Missing("current");
        if (request.Password is null) problems.Missing("password");
        Password(problems, request.Password, "password", null);
        return problems.All;
    }

    public static IReadOnlyList<FieldProblem> Check(KeyRequest key, DateTimeOffset now)
    {
        var problems = new FieldProblems();
        if (string.IsNullOrWhiteSpace(key.Name)) problems.Missing("name");
        problems.Text(key.Name, "name", MaxText);
        if (key.Role is null) problems.Missing("role");
        else if (KeyRoleOf(key.Role) is null) problems.Add("out_of_range", "role", "role is write, server or admin");
        if (key.ExpiresAt <= now) problems.Add("out_of_range", "expires_at", "expires_at must lie ahead");
        if (key.Origins is { Count: > MaxOrigins }) problems.Add("out_of_range", "origins", $"origins may have {MaxOrigins} items");
        for (var i = 0; i < Math.Min(key.Origins?.Count ?? 0, MaxOrigins); i++)
        {
            if (!IsOrigin(key.Origins![i])) problems.Add("invalid_origin", $"origins[{i}]", "an origin is a scheme, a host and, if need be, a port, as in https://shop.example");
        }

        return problems.All;
    }

    public static IReadOnlyList<FieldProblem> Check(SiteRequest site)
    {
        var problems = new FieldProblems();
        problems.Key(site.Key, "key");
        TimeZone(problems, site.TimeZone);
        return problems.All;
    }

    public static void TimeZone(FieldProblems problems, string? zone)
    {
        if (zone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) problems.Add("unknown_time_zone", "time_zone", "time_zone is an IANA name, as in Europe/Warsaw");
    }

    /// <summary>Null if there is no such role.</summary>
    public static KeyRole? KeyRoleOf(string? name) => name switch
    {
        "write" => KeyRole.Write,
        "server" => KeyRole.Server,
        "admin" => KeyRole.Admin,
        _ => null,
    };

    private static void Email(FieldProblems problems, string? email)
    {
        if (string.IsNullOrEmpty(email)) problems.Missing("email");
        else if (email.Length > MaxText || email.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || email.Split('@') is not [{ Length: > 0 }, { Length: > 0 }])
        {
            problems.Add("invalid_email", "email", "email is an address, as in ann@example.org");
        }
    }

    private static void Role(FieldProblems problems, string? role)
    {
        if (role is not null && PersonGrant.RoleOf(role) is null) problems.Add("out_of_range", "role", "role is viewer, analyst, editor, approver or admin");
    }

    private static void Password(FieldProblems problems, string? password, string field, string? email)
    {
        if (password is null) return;
        if (password.Length is < Passwords.MinLength or > Passwords.MaxLength)
        {
            problems.Add("out_of_range", field, $"{field} has {Passwords.MinLength} to {Passwords.MaxLength} characters");
        }
        else if (password.Equals(email, StringComparison.OrdinalIgnoreCase) || password.Distinct().Count() < 4)
        {
            problems.Add("weak_password", field, $"{field} is too easy to guess");
        }
    }

    private static bool IsOrigin(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https") && uri.GetLeftPart(UriPartial.Authority) == text && uri.UserInfo.Length == 0;
}
