using CroPlatform.Services.Assignment.Decide;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Assignment.Serve.Flagd;

/// <summary>The flags of the port's site, whatever the version of the protocol.</summary>
internal sealed class FlagdFlags(FlagDesk desk, IOptions<FlagdOptions> options)
{
    /// <exception cref="RpcException">The flag has no value for this context; the status says why.</exception>
    public async Task<FlagdValue> ResolveAsync(string flag, Struct? context)
    {
        if (flag.Length == 0) throw new RpcException(new Status(StatusCode.InvalidArgument, "flag_key: required"));
        return FlagdValue.Of(await desk.EvaluateAsync(options.Value.Site, flag, FlagdJson.OfContext(context)));
    }

    /// <summary>Those that have a value for this context; the others are left out.</summary>
    public async Task<IReadOnlyList<FlagdValue>> ResolveAllAsync(Struct? context)
    {
        var values = new List<FlagdValue>();
        foreach (var answer in await desk.EvaluateAllAsync(options.Value.Site, FlagdJson.OfContext(context)))
        {
            try
            {
                values.Add(FlagdValue.Of(answer));
            }
            catch (RpcException)
            {
                // One flag's failure is not the others'.
            }
        }

        return values;
    }
}
