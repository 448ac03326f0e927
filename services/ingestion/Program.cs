using CroPlatform.Kafka;
using CroPlatform.Redis;
using CroPlatform.ServiceDefaults;
using CroPlatform.ServiceDefaults.Health;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Ingestion;
using CroPlatform.Services.Ingestion.Check;
using CroPlatform.Services.Ingestion.Publish;
using CroPlatform.Services.Ingestion.Receive;
using CroPlatform.Services.Ingestion.Store;

var builder = ServiceHost.CreateBuilder("ingestion", args);
builder.Services.AddValidated<IngestionOptions>(IngestionOptions.Section);
builder.Services.AddKafka().AddCatalog();
builder.Services.AddReadiness<RecordProducer>("producer", p => p.Trouble);
builder.Services.AddCatalogKeys<CatalogReader>(c => c.Current, c => c.HasCaughtUp);
builder.Services.AddReadiness<CatalogReader>("catalog", c => c.HasCaughtUp ? null : "still reading the sites' keys");
builder.Services.AddSingleton<IngestionMetrics>();
builder.Services.AddSingleton<EventChecker>().AddSingleton<VisitorLimits>();
builder.Services.AddValidated<SpoolOptions>(SpoolOptions.Section);
builder.Services.AddSingleton<EventLog>().AddSingleton<SpoolDrain>().AddHostedService(p => p.GetRequiredService<SpoolDrain>());
builder.Services.AddSingleton<EventPublisher>();
builder.Services.AddSingleton<EventsEndpoint>();
builder.Services.AddRedis().AddHashReport<KeyUse>(KeyUse.Report, use => use.Drain());

var app = builder.Build();
app.UseServiceDefaults();
app.MapEvents();
return await app.RunServiceAsync();
