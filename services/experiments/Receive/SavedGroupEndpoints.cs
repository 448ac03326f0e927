using CroPlatform.ServiceDefaults.Keys;

namespace CroPlatform.Services.Experiments.Receive;

internal static class SavedGroupEndpoints
{
    public static void MapSavedGroupCommands(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/saved-groups", (HttpContext context, SavedGroupCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<SavedGroupRequest>(context, (caller, group) => commands.CreateAsync(caller, group, ct))).RequirePerson(PersonRole.Editor);
        app.MapPut("/api/v1/saved-groups/{key}", (string key, HttpContext context, SavedGroupCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<SavedGroupRequest>(context, (caller, group) => commands.ReplaceAsync(caller, key, group, ct))).RequirePerson(PersonRole.Editor);
    }
}
