using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Kafka;

public static class KafkaRegistration
{
    /// <summary>The producer and the cluster's facts. Consumers are added one by one.</summary>
    public static IServiceCollection AddKafka(this IServiceCollection services)
    {
        services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<RecordProducer>();
        services.AddSingleton<Cluster>();
        return services;
    }

    /// <summary>The catalog, read from cro.experiments.v1; the service is ready once it has caught up.</summary>
    public static IServiceCollection AddCatalog(this IServiceCollection services)
    {
        services.AddSingleton<CatalogReader>();
        return services.AddHostedService(provider => provider.GetRequiredService<CatalogReader>());
    }
}
