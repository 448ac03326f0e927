var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHttpForwarder();
await builder.Build().RunAsync();
