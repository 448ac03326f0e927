using CroPlatform.Kafka;
using CroPlatform.Redis;
using CroPlatform.ServiceDefaults;
using CroPlatform.ServiceDefaults.Health;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Reporting;
using CroPlatform.Services.Reporting.Serve;

var builder = ServiceHost.CreateBuilder("reporting", args);
builder.Services.AddValidated<PeerOptions>(PeerOptions.Section);
builder.Services.AddKafka().AddCatalog().AddCatalogKeys<CatalogReader>(c => c.Current, c => c.HasCaughtUp);
builder.Services.AddSingleton<ResultsReader>().AddHostedService(p => p.GetRequiredService<ResultsReader>());
builder.Services.AddReadiness<CatalogReader>("catalog", c => c.HasCaughtUp ? null : "still reading the experiments");
builder.Services.AddReadiness<ResultsReader>("results", r => r.HasCaughtUp ? null : "still reading the results");
builder.Services.AddSingleton<LivePage>();
builder.Services.AddRedis().AddHashReport<KeyUse>(KeyUse.Report, use => use.Drain());

var app = builder.Build();
app.UseServiceDefaults();
app.UseWebSockets();
app.MapPage();
app.MapLive();
return await app.RunServiceAsync();
