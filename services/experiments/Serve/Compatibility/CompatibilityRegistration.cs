using CroPlatform.Contracts;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>All that the paths of existing clients need, and those paths.</summary>
internal static class CompatibilityRegistration
{
    public static void AddCompatibility(this IServiceCollection services)
    {
        services.AddValidated<PeerOptions>(PeerOptions.Section);
        services.AddSingleton<LegacyTests>().AddSingleton<EventForwarding>().AddSingleton<AssignmentForwarding>();
        services.AddTopicTail(Topics.Events).AddSingleton<EventStream>();
    }

    public static void MapCompatibility(this IEndpointRouteBuilder app)
    {
        app.MapCro();
        app.MapAbTesting();
        app.MapBehavioral();
    }
}
