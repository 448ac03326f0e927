using CroPlatform.ServiceDefaults;

var builder = ServiceHost.CreateBuilder("reporting", args);
var app = builder.Build();
app.UseServiceDefaults();
return await app.RunServiceAsync();
