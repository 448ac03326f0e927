using CroPlatform.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

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

    /// <summary>The bandits' intervals in the catalog, read from cro.allocations.v1.</summary>
    public static IServiceCollection AddAllocations(this IServiceCollection services)
    {
        services.AddSingleton<AllocationReader>();
        return services.AddHostedService(provider => provider.GetRequiredService<AllocationReader>());
    }

    /// <summary>New records of a topic for whoever watches them.</summary>
    public static IServiceCollection AddTopicTail(this IServiceCollection services, string topic) => services.AddSingleton(provider => new TopicTail(
        Topics.All.Single(t => t.Name == topic), provider.GetRequiredService<IOptions<KafkaOptions>>(), provider.GetRequiredService<ILogger<TopicTail>>()));
}
