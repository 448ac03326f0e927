using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults;
using CroPlatform.ServiceDefaults.Health;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Assignment;
using CroPlatform.Services.Assignment.Decide;
using CroPlatform.Services.Assignment.Publish;
using CroPlatform.Services.Assignment.Serve;
using CroPlatform.Services.Assignment.Serve.Ofrep;

var builder = ServiceHost.CreateBuilder("assignment", args);
builder.Services.AddValidated<AssignmentOptions>(AssignmentOptions.Section);
builder.Services.AddKafka().AddCatalog().AddCatalogKeys<CatalogReader>(c => c.Current, c => c.HasCaughtUp);
builder.Services.AddSingleton<SnapshotHolder>().AddSingleton<AssignmentDesk>().AddSingleton<FlagDesk>().AddSingleton<ExposurePublisher>();
builder.Services.AddSingleton<AssignmentGrpc>();
builder.Services.AddReadiness<CatalogReader>("catalog", c => c.HasCaughtUp ? null : "still reading the experiments");
builder.Services.AddGrpcWithHealth();

var app = builder.Build();
app.Services.GetRequiredService<SnapshotHolder>();
app.UseServiceDefaults();
app.MapAssignments();
app.MapOfrep();
app.MapAssignmentGrpc();
app.MapGrpcServiceHealth();
return await app.RunServiceAsync();
