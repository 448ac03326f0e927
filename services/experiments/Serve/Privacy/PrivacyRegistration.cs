using CroPlatform.ServiceDefaults;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.Privacy;

internal static class PrivacyRegistration
{
    public static void AddPrivacy(this IServiceCollection services)
    {
        services.AddValidated<AssignmentAddress>(AssignmentAddress.Section);
        services.AddSingleton<ErasureStore>().AddSingleton<PrivacyPeers>();
    }
}
