using CroPlatform.Kafka;
using CroPlatform.Postgres;
using CroPlatform.ServiceDefaults;
using CroPlatform.ServiceDefaults.Health;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

var builder = ServiceHost.CreateBuilder("experiments", args);
builder.Services.AddValidated<BootstrapOptions>(BootstrapOptions.Section);
builder.Services.AddKafka().AddPostgres(Schema.Name);
builder.Services.AddSingleton<SiteDirectory>().AddCatalogKeys<SiteDirectory>(s => s.Catalog, s => s.IsLoaded);
builder.Services.AddSingleton<MetricStore>().AddSingleton<ExperimentStore>().AddSingleton<ExperimentCommands>();
builder.Services.AddSingleton<Publisher>().AddHostedService(p => p.GetRequiredService<Publisher>());
builder.Services.AddReadiness<SiteDirectory>("sites", s => s.IsLoaded ? null : "the schema is being prepared");
builder.Services.AddReadiness<Publisher>("publisher", p => p.Trouble);
builder.Services.AddHostedService<Schema>();

var app = builder.Build();
app.UseServiceDefaults();
app.MapMetricCommands();
app.MapExperimentCommands();
app.MapMetricQueries();
app.MapExperimentQueries();
return await app.RunServiceAsync();
