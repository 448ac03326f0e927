using Grpc.Core;
using Grpc.Core.Interceptors;

namespace CroPlatform.Grpc;

public static class BearerKeyExtensions
{
    /// <summary>Calls that carry <c>authorization: Bearer KEY</c>, whatever other headers a call sets.</summary>
    public static CallInvoker WithKey(this ChannelBase channel, string key) =>
        channel.Intercept(headers => [.. headers, new Metadata.Entry("authorization", $"Bearer {key}")]);
}
