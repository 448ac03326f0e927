using CroPlatform.Door;
using CroPlatform.ServiceDefaults;
using CroPlatform.ServiceDefaults.Keys;

// The one public origin of a local platform. Door:Ingestion, Door:Experiments, … hold each service's URL.
var builder = ServiceHost.CreateBuilder("door", args);
builder.Services.AddDoor();

var app = builder.Build();
app.UseServiceDefaults();
app.Map("/{**path}", app.Services.GetRequiredService<Forwarding>().HandleAsync).AllowWithoutKey();
return await app.RunServiceAsync();
