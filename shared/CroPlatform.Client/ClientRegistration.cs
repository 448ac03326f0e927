using System.ComponentModel.DataAnnotations;
using CroPlatform.Client.Follow;
using CroPlatform.Client.Send;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CroPlatform.Client;

public static class ClientRegistration
{
    /// <summary>
    /// Adds <see cref="CroClient"/>, which follows the platform from the host's start to its end.
    /// </summary>
    /// <param name="options">Null: the section Cro of the configuration, checked when the host starts.</param>
    /// <exception cref="ValidationException">The options given are not usable; says what to set.</exception>
    public static IServiceCollection AddCroClient(this IServiceCollection services, CroClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (options is null)
        {
            services.AddOptions<CroClientOptions>().BindConfiguration(CroClientOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        }
        else
        {
            Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
            services.AddSingleton(Options.Create(options));
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => Connect(provider.GetRequiredService<IOptions<CroClientOptions>>().Value));
        services.AddSingleton<EventSender>();
        services.AddSingleton<RulesFollower>().AddHostedService(p => p.GetRequiredService<RulesFollower>());
        return services.AddSingleton(provider => new CroClient(
            provider.GetRequiredService<RulesFollower>(),
            provider.GetRequiredService<EventSender>(),
            provider.GetRequiredService<AssignmentService.AssignmentServiceClient>(),
            provider.GetRequiredService<IOptions<CroClientOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
    }

    private static AssignmentService.AssignmentServiceClient Connect(CroClientOptions options) =>
        new(GrpcChannel.ForAddress(options.Assignment!).WithKey(options.ServerKey));
}
