using System.Net;
using CroPlatform.Door;
using Yarp.ReverseProxy.Forwarder;

// The one public origin of a local platform. Configuration: Http:Port, Bind:Address (loopback by default), and
// Door:Ingestion, Door:Experiments, … with each service's URL.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddHttpForwarder();
builder.Services.AddSingleton(services => new Forwarding(services.GetRequiredService<IHttpForwarder>(), Addresses(builder.Configuration)));
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Limits.MaxRequestBodySize = Forwarding.MaxBody;
    kestrel.Limits.MaxConcurrentConnections = 10_000;
    kestrel.Limits.MaxConcurrentUpgradedConnections = 1_000;
    kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    kestrel.Listen(IPAddress.Parse(builder.Configuration["Bind:Address"] ?? "127.0.0.1"), builder.Configuration.GetValue("Http:Port", 8080));
});

var app = builder.Build();
var forwarding = app.Services.GetRequiredService<Forwarding>();
app.MapGet("/health/live", () => Results.Ok());
app.MapGet("/health/ready", () => Results.Ok());
app.Map("/metrics", (HttpContext context) => Problem.WriteAsync(context, StatusCodes.Status404NotFound, "not_found", "Metrics are on each service's own port."));
app.Map("/{**path}", forwarding.HandleAsync);
await app.RunAsync();

static Dictionary<string, string> Addresses(IConfiguration configuration)
{
    var missing = Routes.Services.Where(service => !Uri.TryCreate(configuration["Door:" + service], UriKind.Absolute, out _)).ToList();
    return missing.Count == 0
        ? Routes.Services.ToDictionary(service => service, service => configuration["Door:" + service]!)
        : throw new InvalidOperationException($"set {string.Join(", ", missing.Select(service => $"Door__{service}"))} to the service's URL, as in http://127.0.0.1:5001");
}
