using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1;
using V1 = CroPlatform.Contracts.Flagd.V1;
using V2 = CroPlatform.Contracts.Flagd.V2;

namespace CroPlatform.Platform.Tests;

/// <summary>flagd's evaluation protocol: by OpenFeature's own providers, one for each version of it, then what they hide.</summary>
public sealed class FlagdTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress("http://" + Platform.Text("flagd"));
    private string _metric = "";
    private string _number = "";
    private string _keyed = "";
    private string _targeted = "";
    private string _stopped = "";
    private string _list = "";
    private string _partial = "";

    private V1.Service.ServiceClient First => new(_channel);
    private V2.Service.ServiceClient Second => new(_channel);

    [OneTimeSetUp]
    public async Task PublishAsync()
    {
        await Platform.CreateMetricAsync(_metric = TestPlatform.Unique("flagd"), "conversion", "purchase");
        _number = await StartAsync([new { key = "a", config = (object)1 }, new { key = "b", config = (object)2.5 }]);
        _keyed = await StartAsync([new { key = "control" }, new { key = "treatment" }]);
        _targeted = await StartAsync(
            [new { key = "a", config = (object)new { color = "red", sizes = new object[] { 1, "L", true } } }, new { key = "b", config = (object)new { color = "blue" } }],
            new { country = "PL" });
        _list = await StartAsync([new { key = "a", config = (object)new[] { 1 } }, new { key = "b", config = (object)new[] { 2 } }]);
        _partial = await StartAsync([new { key = "a", weight = 0.5 }, new { key = "b", weight = 0.5, config = (object)true }]);
        _stopped = await StartAsync([new { key = "off", config = (object)false }, new { key = "on", config = (object)true }]);
        await Platform.TransitAsync(_stopped, "stop");
        await TestPlatform.EventuallyAsync(
            async () => (await Second.ResolveAllAsync(new V2.ResolveAllRequest { Context = Unit("u") })).Flags.GetValueOrDefault(_stopped)?.Reason,
            reason => reason == "DISABLED",
            "the stop reaches the assignment service");
    }

    [OneTimeTearDown]
    public void Close() => _channel.Dispose();

    [TestCase("flagd-v1")]
    [TestCase("flagd-v2")]
    public async Task Provider_EveryType_GetsTheVariantOfThePlatform(string provider)
    {
        var units = Enumerable.Range(0, 20).Select(i => $"user {i}").ToArray();
        object Question(string type, string flag, object fallback, string unit) =>
            new { type, flag, @default = fallback, context = new { targetingKey = unit, country = "PL" } };
        var questions = units.SelectMany(u => new[]
        {
            Question("number", _number, -1, u), Question("string", _keyed, "none", u), Question("object", _targeted, new { }, u), Question("boolean", _stopped, true, u),
        });

        var details = (await AskAsync(provider, questions))["details"]!.AsArray();

        for (var i = 0; i < units.Length; i++)
        {
            var own = await Platform.AssignAsync(units[i], new { country = "PL" }, _number, _keyed, _targeted, _stopped);
            for (var j = 0; j < own.Count; j++)
            {
                var theirs = details[4 * i + j]!;
                Assert.That((string?)theirs["variant"], Is.EqualTo((string?)own[j]!["variant"]));
                Assert.That((string?)theirs["reason"], Is.EqualTo(j == 3 ? "DISABLED" : "SPLIT"));
                var value = j == 1 ? own[j]!["variant"] : own[j]!["config"];
                Assert.That(JsonNode.DeepEquals(theirs["value"], value), Is.True, $"{theirs["value"]} is not {value}");
                Assert.That((string?)theirs["flagMetadata"]!["experiment"], Is.EqualTo((string?)own[j]!["experiment"]));
            }
        }
    }

    [TestCase("flagd-v1")]
    [TestCase("flagd-v2")]
    public async Task Provider_WhatHasNoValue_GivesTheCodesDefaultAndTheRightError(string provider)
    {
        var details = (await AskAsync(provider,
        [
            new { type = "string", flag = "no such flag", @default = "d", context = new { targetingKey = "u" } },
            new { type = "boolean", flag = _keyed, @default = true, context = new { targetingKey = "u" } },
            new { type = "string", flag = _keyed, @default = "d", context = new { } },
            new { type = "object", flag = _targeted, @default = new { }, context = new { targetingKey = "u", country = "DE" } },
        ]))["details"]!.AsArray();

        Assert.That(details.Select(d => (string?)d!["errorCode"]), Is.EqualTo(new[] { "FLAG_NOT_FOUND", "TYPE_MISMATCH", "TYPE_MISMATCH", null }));
        Assert.That(details.Take(3).Select(d => d!["value"]!.ToJsonString()), Is.EqualTo(new[] { "\"d\"", "true", "\"d\"" }));
        Assert.That((string?)details[3]!["reason"], Is.EqualTo("DEFAULT"), "whom targeting leaves out gets the control");
        Assert.That((string?)details[3]!["value"]!["color"], Is.EqualTo("red"));
    }

    [TestCase("flagd-v1")]
    [TestCase("flagd-v2")]
    public async Task Provider_ExperimentIsStopped_IsToldAndAnswersAnew(string provider)
    {
        var flag = await StartAsync([new { key = "off", config = (object)false }, new { key = "on", config = (object)true }]);
        var treated = await UnitInAsync(flag, "on");

        var seen = await AskAsync(
            provider,
            [new { type = "boolean", flag, @default = false, context = new { targetingKey = treated } }],
            new { url = $"{Platform.Public}/api/v1/experiments/{flag}/stop", key = Platform.AdminKey, flag });

        Assert.That(seen["details"]!.AsArray().Select(d => (d!["value"]!.GetValue<bool>(), (string?)d["reason"])), Is.EqualTo(new[] { (true, "SPLIT") }));
        Assert.That(seen["changed"]!.AsArray().Select(key => (string?)key), Does.Contain(flag));
        Assert.That(seen["after"]!.AsArray().Select(d => (d!["value"]!.GetValue<bool>(), (string?)d["reason"])), Is.EqualTo(new[] { (false, "DISABLED") }));
    }

    [Test]
    public async Task ResolveFloatAndInt_WholeNumbers_AreBoth_AndFractionsOnlyFloat()
    {
        var (whole, fraction) = (Unit(await UnitInAsync(_number, "a")), Unit(await UnitInAsync(_number, "b")));

        Assert.That((await Second.ResolveIntAsync(new V2.ResolveIntRequest { FlagKey = _number, Context = whole })).Value, Is.EqualTo(1));
        Assert.That((await Second.ResolveFloatAsync(new V2.ResolveFloatRequest { FlagKey = _number, Context = whole })).Value, Is.EqualTo(1.0));
        Assert.That((await Second.ResolveFloatAsync(new V2.ResolveFloatRequest { FlagKey = _number, Context = fraction })).Value, Is.EqualTo(2.5));
        Assert.That((await First.ResolveIntAsync(new V1.ResolveIntRequest { FlagKey = _number, Context = whole })).Value, Is.EqualTo(1));
        Assert.That(await FailureAsync(() => Second.ResolveIntAsync(new V2.ResolveIntRequest { FlagKey = _number, Context = fraction })), Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(await FailureAsync(() => First.ResolveIntAsync(new V1.ResolveIntRequest { FlagKey = _number, Context = fraction })), Is.EqualTo(StatusCode.InvalidArgument));
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
        string[] right = [_stopped, _keyed, _number, _targeted];
        for (var type = 0; type < asked.Length; type++)
        {
            await asked[type](right[type]);
            foreach (var flag in right.Append(_list).Where(flag => flag != right[type]))
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
        var context = Unit(await UnitInAsync(_partial, "a"));

        var second = await Second.ResolveBooleanAsync(new V2.ResolveBooleanRequest { FlagKey = _partial, Context = context });
        Assert.That((second.HasValue, second.HasVariant, second.Reason), Is.EqualTo((false, false, "DEFAULT")));
        var first = await FailureAsync(() => First.ResolveBooleanAsync(new V1.ResolveBooleanRequest { FlagKey = _partial, Context = context }));
        Assert.That(first, Is.EqualTo(StatusCode.InvalidArgument));
        var other = await Second.ResolveBooleanAsync(new V2.ResolveBooleanRequest { FlagKey = _partial, Context = Unit(await UnitInAsync(_partial, "b")) });
        Assert.That((other.HasValue, other.Value, other.Variant), Is.EqualTo((true, true, "b")));
    }

    [Test]
    public async Task Resolve_FalseValue_IsPresentInV2()
    {
        var response = await Second.ResolveBooleanAsync(new V2.ResolveBooleanRequest { FlagKey = _stopped, Context = Unit("u") });
        Assert.That((response.HasValue, response.Value, response.Variant, response.Reason), Is.EqualTo((true, false, "off", "DISABLED")));
        Assert.That(response.Metadata.Fields["experiment"].StringValue, Is.EqualTo(_stopped));
        Assert.That(response.Metadata.Fields["in_experiment"].BoolValue, Is.False);
    }

    [Test]
    public async Task Resolve_RequestsThatLackSomething_AreToldWhat()
    {
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, "", Unit("u")), Does.StartWith("flag_key"));
        Assert.That(await DetailAsync(StatusCode.NotFound, "no such flag", Unit("u")), Does.Contain("no such flag"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, _keyed, null), Does.StartWith("context.targetingKey"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, _keyed, Unit("")), Does.StartWith("context.targetingKey"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, _keyed, new Struct { Fields = { ["targetingKey"] = Value.ForNumber(7) } }), Does.StartWith("context.targetingKey"));
        Assert.That(await DetailAsync(StatusCode.InvalidArgument, _keyed, Unit("u", ("n", Value.ForNumber(double.NaN)))), Does.StartWith("context"));
        Assert.That(await FailureAsync(() => Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = _keyed, Context = Unit(new string('x', 5 << 20)) })),
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
            [new { key = "a", config = (object)"out" }, new { key = "b", config = (object)"in", weight = 1.0 }],
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
        var unit = await UnitInAsync(_partial, "a");
        var second = (await Second.ResolveAllAsync(new V2.ResolveAllRequest { Context = Unit(unit) })).Flags;
        var first = (await First.ResolveAllAsync(new V1.ResolveAllRequest { Context = Unit(unit) })).Flags;

        Assert.That(second[_number].ValueCase, Is.EqualTo(V2.AnyFlag.ValueOneofCase.DoubleValue));
        Assert.That(second[_keyed].StringValue, Is.EqualTo(second[_keyed].Variant));
        Assert.That(second[_targeted].ObjectValue.Fields["sizes"].ListValue.Values.Select(v => v.KindCase),
            Is.EqualTo(new[] { Value.KindOneofCase.NumberValue, Value.KindOneofCase.StringValue, Value.KindOneofCase.BoolValue }));
        Assert.That((second[_partial].ValueCase, second[_partial].HasVariant), Is.EqualTo((V2.AnyFlag.ValueOneofCase.None, false)));
        Assert.That(second.Keys, Does.Not.Contain(_list), "the protocol has no arrays");
        Assert.That(first.Keys, Is.SupersetOf(new[] { _number, _keyed, _targeted, _stopped }).And.Not.Contains(_list).And.Not.Contains(_partial));

        var anonymous = (await Second.ResolveAllAsync(new V2.ResolveAllRequest())).Flags;
        Assert.That(anonymous.Keys, Does.Not.Contain(_keyed).And.Contain(_stopped), "a stopped experiment gives its control to everybody");
        Assert.That(second.Values.Concat(anonymous.Values).Select(flag => flag.Reason), Has.None.EqualTo("STATIC"));
    }

    [Test]
    public async Task EventStream_FromTheStart_IsReadyThenTellsChangesAndSignsOfLife()
    {
        using var first = First.EventStream(new V1.EventStreamRequest());
        using var second = Second.EventStream(new V2.EventStreamRequest());
        Assert.That((await NextAsync(second)).Type, Is.EqualTo("provider_ready"));
        Assert.That(await first.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(first.ResponseStream.Current.Type, Is.EqualTo("provider_ready"));

        var flag = await StartAsync([new { key = "a" }, new { key = "b" }]);
        Struct? change = null;
        while (change?.Fields["flags"].StructValue.Fields.ContainsKey(flag) != true)
        {
            var next = await NextAsync(second);
            if (next.Type == "configuration_change") change = next.Data;
        }

        Assert.That(change!.Fields["flags"].StructValue.Fields[flag].StructValue.Fields["type"].StringValue, Is.EqualTo("update"));
        while ((await NextAsync(second)).Type != "keep_alive")
        {
            // Other tests change experiments meanwhile.
        }
    }

    [Test]
    public async Task HealthAndReflection_WithoutCredentials_AreServedHereOnly()
    {
        Assert.That((await new Health.HealthClient(_channel).CheckAsync(new HealthCheckRequest())).Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
        Assert.That(await FailureAsync(() => new Health.HealthClient(_channel).CheckAsync(new HealthCheckRequest { Service = "nobody" })), Is.EqualTo(StatusCode.NotFound));
        using var call = new ServerReflection.ServerReflectionClient(_channel).ServerReflectionInfo();
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
        var assign = new AssignRequest { UnitId = "u", Experiments = { _keyed } };
        Assert.That(await FailureAsync(() => new V2.Service.ServiceClient(Platform.Channel).ResolveAllAsync(flag)), Is.Not.EqualTo(StatusCode.OK));
        Assert.That(await FailureAsync(() => new V2.Service.ServiceClient(Platform.Channel.WithKey(Platform.AdminKey)).ResolveAllAsync(flag)), Is.Not.EqualTo(StatusCode.OK));
        Assert.That(await FailureAsync(() => new AssignmentService.AssignmentServiceClient(Platform.Channel).AssignAsync(assign)), Is.EqualTo(StatusCode.Unauthenticated));
        Assert.That(await FailureAsync(() => new AssignmentService.AssignmentServiceClient(_channel.WithKey(Platform.ServerKey)).AssignAsync(assign)), Is.EqualTo(StatusCode.Unimplemented));
    }

    [Test]
    public async Task Resolve_SelectorAndStrayHeaders_AreIgnored()
    {
        var headers = new Metadata { { "flagd-selector", "flagSetId=other" }, { "authorization", "Bearer nonsense" } };
        var response = await Second.ResolveStringAsync(new V2.ResolveStringRequest { FlagKey = _keyed, Context = Unit("u") }, headers);
        Assert.That(response.Variant, Is.EqualTo(response.Value));
    }

    private async Task<string> StartAsync(object[] variants, object? targeting = null)
    {
        var key = TestPlatform.Unique("flagd");
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new { key, name = key, variants, targeting, metrics = new[] { new { key = _metric } } });
        await Platform.TransitAsync(key, "start");
        await TestPlatform.EventuallyAsync(
            async () => (string?)(await Platform.AssignAsync("u", null, key))[0]!["reason"], reason => reason != "unknown_experiment", $"{key} reaches the assignment service");
        return key;
    }

    private static Struct Unit(string unit, params (string Name, Value Value)[] attributes)
    {
        var context = new Struct { Fields = { ["targetingKey"] = Value.ForString(unit) } };
        foreach (var (name, value) in attributes) context.Fields[name] = value;
        return context;
    }

    private static async Task<string> UnitInAsync(string experiment, string variant)
    {
        for (var i = 0; ; i++)
        {
            var answer = await Platform.AssignAsync($"u{i}", null, experiment);
            if ((string?)answer[0]!["variant"] == variant) return $"u{i}";
        }
    }

    private static Task<JsonNode> AskAsync(string provider, IEnumerable<object> questions, object? stop = null)
    {
        var address = Platform.Text("flagd").Split(':');
        return NodeClient.RunAsync(provider, "../flagd.mjs", new { host = address[0], port = int.Parse(address[1]), questions, stop });
    }

    private static async Task<V2.EventStreamResponse> NextAsync(AsyncServerStreamingCall<V2.EventStreamResponse> stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.That(await stream.ResponseStream.MoveNext(limit.Token), Is.True, "the stream is never ended by the server");
        return stream.ResponseStream.Current;
    }

    private static async Task<StatusCode> FailureAsync<T>(Func<AsyncUnaryCall<T>> call) => (await Assert.ThrowsAsync<RpcException>(async () => await call()))!.StatusCode;
}
