using CroPlatform.Contracts.Flagd.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using V2 = CroPlatform.Contracts.Flagd.V2;

namespace CroPlatform.Platform.Tests;

/// <summary>Experiments of every type of value, for tests of flagd's protocol.</summary>
public abstract class FlagdFixture
{
    private protected static readonly TestPlatform Platform = TestPlatform.Current;

    private string _metric = "";

    protected GrpcChannel Channel { get; } = GrpcChannel.ForAddress("http://" + Platform.Text("flagd"));

    /// <summary>Opened before the first experiment starts; its first event is the current one.</summary>
    protected AsyncServerStreamingCall<EventStreamResponse> Events { get; private set; } = null!;

    protected string Number { get; private set; } = "";
    protected string Keyed { get; private set; } = "";
    protected string Targeted { get; private set; } = "";
    protected string Stopped { get; private set; } = "";
    protected string List { get; private set; } = "";

    /// <summary>Its variant a has no configuration, its variant b has.</summary>
    protected string Partial { get; private set; } = "";

    [OneTimeSetUp]
    public async Task PublishAsync()
    {
        Events = new Service.ServiceClient(Channel).EventStream(new EventStreamRequest());
        Assert.That(await Events.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        await Platform.CreateMetricAsync(_metric = TestPlatform.Unique("flagd"), "conversion", "purchase");
        Number = await StartAsync([new { key = "a", config = (object)1 }, new { key = "b", config = (object)2.5 }]);
        Keyed = await StartAsync([new { key = "control" }, new { key = "treatment" }]);
        Targeted = await StartAsync(
            [new { key = "a", config = (object)new { color = "red", sizes = new object[] { 1, "L", true } } }, new { key = "b", config = (object)new { color = "blue" } }],
            new { country = "PL" });
        List = await StartAsync([new { key = "a", config = (object)new[] { 1 } }, new { key = "b", config = (object)new[] { 2 } }]);
        Partial = await StartAsync([new { key = "a" }, new { key = "b", config = (object)true }]);
        Stopped = await StartAsync([new { key = "off", config = (object)false }, new { key = "on", config = (object)true }]);
        await Platform.TransitAsync(Stopped, "stop");
        await TestPlatform.EventuallyAsync(
            async () => (await new V2.Service.ServiceClient(Channel).ResolveAllAsync(new V2.ResolveAllRequest { Context = Unit("u") })).Flags.GetValueOrDefault(Stopped)?.Reason,
            reason => reason == "DISABLED",
            "the stop reaches the assignment service");
    }

    [OneTimeTearDown]
    public void Close()
    {
        Events.Dispose();
        Channel.Dispose();
    }

    protected async Task<string> StartAsync(object[] variants, object? targeting = null)
    {
        var key = TestPlatform.Unique("flagd");
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new { key, name = key, variants, targeting, metrics = new[] { new { key = _metric } } });
        await Platform.TransitAsync(key, "start");
        await TestPlatform.EventuallyAsync(
            async () => (string?)(await Platform.AssignAsync("u", null, key))[0]!["reason"], reason => reason != "unknown_experiment", $"{key} reaches the assignment service");
        return key;
    }

    protected static Struct Unit(string unit, params (string Name, Value Value)[] attributes)
    {
        var context = new Struct { Fields = { ["targetingKey"] = Value.ForString(unit) } };
        foreach (var (name, value) in attributes) context.Fields[name] = value;
        return context;
    }

    protected static async Task<string> UnitInAsync(string experiment, string variant)
    {
        for (var i = 0; ; i++)
        {
            var answer = await Platform.AssignAsync($"u{i}", null, experiment);
            if ((string?)answer[0]!["variant"] == variant) return $"u{i}";
        }
    }
}
