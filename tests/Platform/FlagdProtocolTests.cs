using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using V1 = CroPlatform.Contracts.Flagd.V1;
using V2 = CroPlatform.Contracts.Flagd.V2;

namespace CroPlatform.Platform.Tests;

/// <summary>flagd's evaluation protocol, asked by our own client for what OpenFeature's providers hide.</summary>
public sealed class FlagdProtocolTests : FlagdFixture
{
    private V1.Service.ServiceClient First => new(Channel);
    private V2.Service.ServiceClient Second => new(Channel);

    [Test]
    public async Task ResolveFloatAndInt_WholeNumbers_AreBoth_AndFractionsOnlyFloat()
    {
        var (whole, fraction) = (Unit(await UnitInAsync(Number, "a")), Unit(await UnitInAsync(Number, "b")));

        Assert.That((await Second.ResolveIntAsync(new V2.ResolveIntRequest { FlagKey = Number, Context = whole })).Value, Is.EqualTo(1));
        Assert.That((await Second.ResolveFloatAsync(new V2.ResolveFloatRequest { FlagKey = Number, Context = whole })).Value, Is.EqualTo(1.0));
        Assert.That((await Second.ResolveFloatAsync(new V2.ResolveFloatRequest { FlagKey = Number, Context = fraction })).Value, Is.EqualTo(2.5));
        Assert.That((await First.ResolveIntAsync(new V1.ResolveIntRequest { FlagKey = Number, Context = whole })).Value, Is.EqualTo(1));
        Assert.That(await FailureAsync(() => Second.ResolveIntAsync(new V2.ResolveIntRequest { FlagKey = Number, Context = fraction })), Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(await FailureAsync(() => First.ResolveIntAsync(new V1.ResolveIntRequest { FlagKey = Number, Context = fraction })), Is.EqualTo(StatusCode.InvalidArgument));
    }

    [Test]
    public async Task Resolve_ByAnotherType_IsInvalidArgumentThatNamesTheFlag()
    {
        var context = Unit("u", ("country", Value.ForString("PL")));
        Func<string, Task>[] asked =
        [
            async flag => await Second.ResolveBooleanAsync(new V2.ResolveBooleanRequest { FlagKey = flag, Context = context }),
            async flag => await Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = flag, Context = context }),
            async flag => await Second.ResolveFloatAsync(new V2.ResolveFloatRequest { FlagKey = flag, Context = context }),
            async flag => await Second.ResolveObjectAsync(new V2.ResolveObjectRequest { FlagKey = flag, Context = context }),
        ];
        string[] right = [Stopped, Keyed, Number, Targeted];
        for (var type = 0; type < asked.Length; type++)
        {
            await asked[type](right[type]);
            foreach (var flag in right.Append(List).Where(flag => flag != right[type]))
            {
                var thrown = await Assert.ThrowsAsync<RpcException>(() => asked[type](flag));
                Assert.That(thrown!.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
                Assert.That(thrown.Status.Detail, Does.Contain(flag));
            }
        }
    }

    [Test]
    public async Task Resolve_VariantWithoutConfiguration_IsAbsentInV2AndNoTypeInV1()
    {
        var context = Unit(await UnitInAsync(Partial, "a"));

        var second = await Second.ResolveBooleanAsync(new V2.ResolveBooleanRequest { FlagKey = Partial, Context = context });
        Assert.That((second.HasValue, second.HasVariant, second.Reason), Is.EqualTo((false, false, "DEFAULT")));
        var first = await FailureAsync(() => First.ResolveBooleanAsync(new V1.ResolveBooleanRequest { FlagKey = Partial, Context = context }));
        Assert.That(first, Is.EqualTo(StatusCode.InvalidArgument));
        var other = await Second.ResolveBooleanAsync(new V2.ResolveBooleanRequest { FlagKey = Partial, Context = Unit(await UnitInAsync(Partial, "b")) });
        Assert.That((other.HasValue, other.Value, other.Variant), Is.EqualTo((true, true, "b")));
    }

    [Test]
    public async Task Resolve_FalseValue_IsPresentInV2()
    {
        var response = await Second.ResolveBooleanAsync(new V2.ResolveBooleanRequest { FlagKey = Stopped, Context = Unit("u") });
        Assert.That((response.HasValue, response.Value, response.Variant, response.Reason), Is.EqualTo((true, false, "off", "DISABLED")));
        Assert.That(response.Metadata.Fields["experiment"].StringValue, Is.EqualTo(Stopped));
        Assert.That(response.Metadata.Fields["in_experiment"].BoolValue, Is.False);
    }

    [Test]
    public async Task Resolve_RequestsThatLackSomething_AreToldWhat()
    {
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, "", Unit("u")), Does.StartWith("flag_key"));
        Assert.That(await DetailAsync(StatusCode.NotFound, "no such flag", Unit("u")), Does.Contain("no such flag"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, Keyed, null), Does.StartWith("context.targetingKey"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, Keyed, Unit("")), Does.StartWith("context.targetingKey"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, Keyed, new Struct { Fields = { ["targetingKey"] = Value.ForNumber(7) } }), Does.StartWith("context.targetingKey"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, Keyed, Unit("u", ("n", Value.ForNumber(double.NaN)))), Does.StartWith("context"));
        Assert.That(await FailureAsync(() => Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = Keyed, Context = Unit(new string('x', 5 << 20)) })),
            Is.EqualTo(StatusCode.ResourceExhausted));

        async Task<string> DetailAsync(StatusCode code, string flag, Struct? context)
        {
            var thrown = await Assert.ThrowsAsync<RpcException>(async () => await Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = flag, Context = context }));
            Assert.That(thrown!.StatusCode, Is.EqualTo(code));
            return thrown.Status.Detail;
        }
    }

    [Test]
    public async Task Resolve_NestedAttributes_ReachTargeting()
    {
        var nested = await StartAsync(
            [new { key = "a", config = (object)"x" }, new { key = "b", config = (object)"y" }],
            JsonNode.Parse("""{"cart.total": {"$gt": 99.5}, "tags": {"$elemMatch": {"$eq": "vip"}}}""")!);
        Struct Context(double total, string tag) => Unit("u",
            ("cart", Value.ForStruct(new Struct { Fields = { ["total"] = Value.ForNumber(total) } })), ("tags", Value.ForList(Value.ForString("x"), Value.ForString(tag))));

        async Task<string> ReasonAsync(Struct context) => (await Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = nested, Context = context })).Reason;
        Assert.That(await ReasonAsync(Context(100, "vip")), Is.EqualTo("SPLIT"));
        Assert.That(await ReasonAsync(Context(99, "vip")), Is.EqualTo("DEFAULT"));
        Assert.That(await ReasonAsync(Context(100, "y")), Is.EqualTo("DEFAULT"));
    }

    [Test]
    public async Task ResolveAll_FlagsThatFail_AreLeftOut()
    {
        var unit = await UnitInAsync(Partial, "a");
        var second = (await Second.ResolveAllAsync(new V2.ResolveAllRequest { Context = Unit(unit) })).Flags;
        var first = (await First.ResolveAllAsync(new V1.ResolveAllRequest { Context = Unit(unit) })).Flags;

        Assert.That(second[Number].ValueCase, Is.EqualTo(V2.AnyFlag.ValueOneofCase.DoubleValue));
        Assert.That(second[Keyed].StringValue, Is.EqualTo(second[Keyed].Variant));
        Assert.That(second[Targeted].ObjectValue.Fields["sizes"].ListValue.Values.Select(v => v.KindCase),
            Is.EqualTo(new[] { Value.KindOneofCase.NumberValue, Value.KindOneofCase.StringValue, Value.KindOneofCase.BoolValue }));
        Assert.That((second[Partial].ValueCase, second[Partial].HasVariant), Is.EqualTo((V2.AnyFlag.ValueOneofCase.None, false)));
        Assert.That(second.Keys, Does.Not.Contain(List), "the protocol has no arrays");
        Assert.That(first.Keys, Is.SupersetOf(new[] { Number, Keyed, Targeted, Stopped }).And.Not.Contains(List).And.Not.Contains(Partial));

        var anonymous = (await Second.ResolveAllAsync(new V2.ResolveAllRequest())).Flags;
        Assert.That(anonymous.Keys, Does.Not.Contain(Keyed).And.Contain(Stopped), "a stopped experiment gives its control to everybody");
        Assert.That(second.Values.Concat(anonymous.Values).Select(flag => flag.Reason), Has.None.EqualTo("STATIC"));
    }

    [Test]
    public async Task EventStream_ExperimentStarts_IsReadyThenTellsIt()
    {
        using var stream = Second.EventStream(new V2.EventStreamRequest());
        Assert.That((await NextAsync(stream.ResponseStream)).Type, Is.EqualTo("provider_ready"));

        var flag = await StartAsync([new { key = "a" }, new { key = "b" }]);
        Struct? flags = null;
        while (flags?.Fields.ContainsKey(flag) != true)
        {
            var next = await NextAsync(stream.ResponseStream);
            if (next.Type == "configuration_change") flags = next.Data.Fields["flags"].StructValue;
        }

        Assert.That(flags!.Fields[flag].StructValue.Fields["type"].StringValue, Is.EqualTo("update"));
    }

    // Opened before everything else here, since a sign of life comes every 20 s only.
    [Test]
    public async Task EventStream_LeftOpen_TellsEveryChangeAndGivesSignsOfLife()
    {
        List<V1.EventStreamResponse> seen = [Events.ResponseStream.Current];
        do seen.Add(await NextAsync(Events.ResponseStream));
        while (seen[^1].Type != "keep_alive");

        Assert.That(seen[0].Type, Is.EqualTo("provider_ready"));
        var changed = seen.Where(e => e.Type == "configuration_change").SelectMany(e => e.Data.Fields["flags"].StructValue.Fields.Keys);
        Assert.That(changed, Is.SupersetOf(new[] { Number, Keyed, Targeted, Stopped, List, Partial }));
    }

    [Test]
    public async Task EventStream_ServiceDrains_EndsWell()
    {
        using var stream = Second.EventStream(new V2.EventStreamRequest());
        Assert.That((await NextAsync(stream.ResponseStream)).Type, Is.EqualTo("provider_ready"));

        var restarted = Platform.CroAsync("restart", "assignment");
        while (await stream.ResponseStream.MoveNext(CancellationToken.None))
        {
            // What came before the end.
        }

        Assert.That(stream.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
        await restarted;
        Assert.That((await Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = Keyed, Context = Unit("u") })).Reason, Is.EqualTo("SPLIT"));
    }

    [Test]
    public async Task HealthAndReflection_WithoutCredentials_AreServedHereOnly()
    {
        Assert.That((await new Health.HealthClient(Channel).CheckAsync(new HealthCheckRequest())).Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
        Assert.That(await FailureAsync(() => new Health.HealthClient(Channel).CheckAsync(new HealthCheckRequest { Service = "nobody" })), Is.EqualTo(StatusCode.NotFound));
        using var call = new ServerReflection.ServerReflectionClient(Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "flagd.evaluation.v2.Service" });
        await call.RequestStream.CompleteAsync();
        var answers = await call.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.That(answers[0].ListServicesResponse.Service.Select(service => service.Name), Is.EqualTo(new[]
        {
            "flagd.evaluation.v1.Service", "flagd.evaluation.v2.Service", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
        }));
        Assert.That(answers[1].FileDescriptorResponse.FileDescriptorProto, Has.Count.EqualTo(2), "the file and google/protobuf/struct.proto");

        using var native = new ServerReflection.ServerReflectionClient(Platform.Channel).ServerReflectionInfo();
        Assert.That((await Assert.ThrowsAsync<RpcException>(async () => await native.ResponseStream.MoveNext(CancellationToken.None)))!.StatusCode, Is.Not.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task Ports_AreApart_FlagsNeedNoKeyAndTheNativeInterfaceAlwaysDoes()
    {
        var flag = new V2.ResolveAllRequest { Context = Unit("u") };
        var assign = new AssignRequest { UnitId = "u", Experiments = { Keyed } };
        Assert.That(await FailureAsync(() => new V2.Service.ServiceClient(Platform.Channel).ResolveAllAsync(flag)), Is.Not.EqualTo(StatusCode.OK));
        Assert.That(await FailureAsync(() => new V2.Service.ServiceClient(Platform.Channel.WithKey(Platform.AdminKey)).ResolveAllAsync(flag)), Is.Not.EqualTo(StatusCode.OK));
        Assert.That(await FailureAsync(() => new AssignmentService.AssignmentServiceClient(Platform.Channel).AssignAsync(assign)), Is.EqualTo(StatusCode.Unauthenticated));
        Assert.That(await FailureAsync(() => new AssignmentService.AssignmentServiceClient(Channel.WithKey(Platform.ServerKey)).AssignAsync(assign)), Is.EqualTo(StatusCode.Unimplemented));
    }

    [Test]
    public async Task Resolve_SelectorAndStrayHeaders_AreIgnored()
    {
        var headers = new Metadata { { "flagd-selector", "flagSetId=other" }, { "authorization", "Bearer nonsense" } };
        var response = await Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = Keyed, Context = Unit("u") }, headers);
        Assert.That(response.Variant, Is.EqualTo(response.Value));
    }

    private static async Task<T> NextAsync<T>(IAsyncStreamReader<T> stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.That(await stream.MoveNext(limit.Token), Is.True, "the server ended the stream");
        return stream.Current;
    }

    private static async Task<StatusCode> FailureAsync<T>(Func<AsyncUnaryCall<T>> call) => (await Assert.ThrowsAsync<RpcException>(async () => await call()))!.StatusCode;
}
