using CroPlatform.ServiceDefaults;

namespace CroPlatform.Door;

internal static class DoorRegistration
{
    public static IServiceCollection AddDoor(this IServiceCollection services)
    {
        services.AddValidated<DoorOptions>(DoorOptions.Section);
        return services.AddHttpForwarder().AddSingleton<Forwarding>();
    }
}
