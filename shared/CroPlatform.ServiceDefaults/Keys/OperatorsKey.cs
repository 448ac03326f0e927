using System.Security.Cryptography;
using System.Text;
using CroPlatform.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>The operators' own bearer key: it belongs to no site.</summary>
internal static class OperatorsKey
{
    public static bool IsIn(HttpContext context)
    {
        var (header, key) = (context.Request.Headers.Authorization.ToString(), context.RequestServices.GetRequiredService<IOptions<MetricsOptions>>().Value.Key);
        return key.Length > 0 && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes($"Bearer {key}"));
    }

    public static IResult Refuse() =>
        Problem.Result(StatusCodes.Status401Unauthorized, "unauthorized", "authorization", "send the metrics key as 'Authorization: Bearer KEY'");
}
