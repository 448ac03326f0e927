using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>Paths that existing clients know and that the platform does not carry out yet.</summary>
internal static class NotYet
{
    public static void MapNotYet(this IEndpointRouteBuilder app, string method, string path, PersonRole role) =>
        app.MapMethods(path, [method], (HttpContext context) => Problem.Result(
            StatusCodes.Status501NotImplemented, "not_implemented", null, $"{context.Request.Path} is not carried out yet")).RequirePerson(role);
}
