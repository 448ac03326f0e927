using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Check.People;
using CroPlatform.Services.Experiments.Decide.People;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store.People;

namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>The people of the caller's site. Nobody changes his own rights, and a site keeps an admin.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/users", async (HttpContext context, UserStore store, CancellationToken ct) =>
            Results.Json(new { users = (await store.ListAsync(context.Grant().Site, ct)).Select(View) }, JsonBody.Options)).RequirePerson(PersonRole.Admin);

        app.MapGet("/api/v1/users/{id}", async (string id, HttpContext context, UserStore store, CancellationToken ct) =>
            await ViewAsync(store, context, id, StatusCodes.Status200OK, ct)).RequirePerson(PersonRole.Admin);

        app.MapPost("/api/v1/users", async (HttpContext context, UserStore store, Passwords passwords, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<UserRequest>(context);
            if (request is null) return problem!.ToResult();
            if (PeopleRules.Check(request) is { Count: > 0 } problems) return problems[0].ToResult();
            var hash = request.Password is null ? null : await passwords.HashAsync(request.Password, ct);
            var user = new NewUser(request.Email!, request.Name ?? request.Email!, PersonGrant.RoleOf(request.Role)!.Value, hash);
            return await store.AddAsync(context.Grant().Site, user, context.Grant().Actor, ct) is { } id
                ? await ViewAsync(store, context, id, StatusCodes.Status201Created, ct)
                : new FieldProblem("conflict", "email", $"'{request.Email}' belongs to this site already").ToResult();
        }).RequirePerson(PersonRole.Admin);

        app.MapPatch("/api/v1/users/{id}", ChangeAsync).RequirePerson(PersonRole.Admin);

        app.MapDelete("/api/v1/users/{id}", async (string id, HttpContext context, UserStore store, CancellationToken ct) =>
            await store.RemoveAsync(context.Grant().Site, id, context.Grant().Actor, ct) is var outcome and not UserOutcome.Done ? Answer(outcome, id) : Results.NoContent())
            .RequirePerson(PersonRole.Admin);
    }

    private static async Task<IResult> ChangeAsync(string id, HttpContext context, UserStore store, Passwords passwords, Operators operators, CancellationToken ct)
    {
        var (request, problem) = await JsonBody.ReadAsync<UserPatch>(context);
        if (request is null) return problem!.ToResult();
        if (PeopleRules.Check(request) is { Count: > 0 } problems) return problems[0].ToResult();
        var isOperator = operators.Include(context.Grant());
        var isSelf = context.Grant() is PersonGrant person && person.User == id;
        if (isSelf && (request.Role is not null || request.Operator is not null))
        {
            return new FieldProblem("forbidden", request.Role is null ? "operator" : "role", "nobody changes his own rights").ToResult();
        }

        if (isSelf && request.Password is not null)
        {
            return new FieldProblem("forbidden", "password", "change your own password with PUT /api/v1/session/password").ToResult();
        }

        if (request.Operator is not null && !isOperator) return new FieldProblem("forbidden", "operator", "only an operator makes operators").ToResult();
        var hash = request.Password is null ? null : await passwords.HashAsync(request.Password, ct);
        var change = new UserChange(request.Name, PersonGrant.RoleOf(request.Role), hash, request.Operator);
        var outcome = await store.ChangeAsync(context.Grant().Site, id, change, isOperator, context.Grant().Actor, ct);
        return outcome == UserOutcome.Done ? await ViewAsync(store, context, id, StatusCodes.Status200OK, ct) : Answer(outcome, id);
    }

    private static async Task<IResult> ViewAsync(UserStore store, HttpContext context, string id, int status, CancellationToken ct) =>
        await store.FindAsync(context.Grant().Site, id, ct) is { } member
            ? Results.Json(View(member), JsonBody.Options, statusCode: status)
            : Answers.NotFound("user", id);

    private static IResult Answer(UserOutcome outcome, string id) => outcome switch
    {
        UserOutcome.LastAdmin => new FieldProblem("conflict", "role", "a site keeps an admin: make another one first").ToResult(),
        UserOutcome.NotYours => new FieldProblem("forbidden", "id", "this account is not this site's alone: its name and password are its owner's").ToResult(),
        _ => Answers.NotFound("user", id),
    };

    private static object View(MemberRow user) => new
    {
        id = user.Id,
        email = user.Email,
        name = user.Name,
        role = PersonGrant.NameOf(user.PersonRole),
        @operator = user.Is_Operator,
        has_password = user.Has_Password,
        created_at = user.Created_At,
        signed_in_at = user.Signed_In_At,
    };
}
