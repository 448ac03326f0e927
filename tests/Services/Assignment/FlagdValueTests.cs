using System.ComponentModel.DataAnnotations;
using System.Text;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Services.Assignment;
using CroPlatform.Services.Assignment.Decide;
using CroPlatform.Services.Assignment.Serve.Flagd;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace CroPlatform.Services.Tests.Assignment;

/// <summary>How configurations become flagd's types, and contexts become JSON.</summary>
public sealed class FlagdValueTests
{
    [TestCase("0", 0L)]
    [TestCase("-7", -7L)]
    [TestCase("1.0", 1L)]
    [TestCase("12e2", 1200L)]
    [TestCase("9223372036854775807", long.MaxValue)]
    [TestCase("-9223372036854775808", long.MinValue)]
    public void Int_NumberWithoutFraction_IsServedHoweverWritten(string config, long expected) => Assert.That(Value(config).Int, Is.EqualTo(expected));

    [TestCase("1.5")]
    [TestCase("1e-3")]
    [TestCase("9223372036854775808")]
    [TestCase("1e300")]
    [TestCase("true")]
    [TestCase("\"1\"")]
    [TestCase("{}")]
    public void Int_AnythingElse_IsInvalidArgument(string config) => Assert.That(Code(() => Value(config).Int), Is.EqualTo(StatusCode.InvalidArgument));

    [TestCase("7", 7.0)]
    [TestCase("2.5", 2.5)]
    public void Float_AnyNumber_IsServed(string config, double expected) => Assert.That(Value(config).Float, Is.EqualTo(expected));

    [TestCase("{\"broken\": ")]
    [TestCase("\"\\ud800\"")]
    public void Of_ConfigurationThatCannotBeRead_IsDataLoss(string config) => Assert.That(Code(() => Value(config)), Is.EqualTo(StatusCode.DataLoss));

    [TestCase(AssignmentReason.Split, "SPLIT")]
    [TestCase(AssignmentReason.Forced, "TARGETING_MATCH")]
    [TestCase(AssignmentReason.NotRunning, "DISABLED")]
    [TestCase(AssignmentReason.Stale, "DEFAULT")]
    public void Reason_OfAValue_IsTheDecisions(AssignmentReason reason, string expected) => Assert.That(Value("1", reason).Reason, Is.EqualTo(expected));

    [TestCase(AssignmentReason.Split, "DEFAULT")]
    [TestCase(AssignmentReason.NotRunning, "DISABLED")]
    public void Reason_WithoutAValue_IsOneThatSaysSo(AssignmentReason reason, string expected)
    {
        var value = Value("", reason);
        Assert.That((value.IsPresent, value.Reason), Is.EqualTo((false, expected)));
    }

    [Test]
    public void Context_AnyStruct_ComesBackFromJson() => Prop.ForAll(Arb.From(Structs(3)), context =>
        FlagdJson.ToStruct(FlagdJson.OfContext(context)).Equals(context)).QuickCheckThrowOnFailure();

    [Test]
    public void Context_Absent_IsEmpty() => Assert.That(FlagdJson.OfContext(null).GetRawText(), Is.EqualTo("{}"));

    [TestCase(-1, "127.0.0.1", "", 0)]
    [TestCase(8013, "0.0.0.0", "default", 0)]
    [TestCase(8013, "127.0.0.1", "", 1)]
    [TestCase(8013, "localhost", "default", 1)]
    [TestCase(70_000, "127.0.0.1", "default", 1)]
    public void Options_EachFault_IsNamed(int port, string address, string site, int faults)
    {
        var options = new FlagdOptions { Port = port, Address = address, Site = site };
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        Assert.That(results, Has.Count.EqualTo(faults));
    }

    private static FlagdValue Value(string config, AssignmentReason reason = AssignmentReason.Split)
    {
        var experiment = new Experiment
        {
            Site = "s",
            Key = "e",
            Version = 1,
            EffectiveMs = 0,
            Status = ExperimentStatus.Running,
            Variants = [new Variant("a", "a") { ConfigJson = Encoding.UTF8.GetBytes(config) }, new Variant("b", "b") { ConfigJson = "1"u8.ToArray() }],
            Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(0, 0)] }],
        };
        return FlagdValue.Of(new FlagAnswer("e", FlagFault.None, new AssignmentAnswer("e", experiment, new Decision(0, true, reason, null, null))));
    }

    private static StatusCode Code<T>(Func<T> read) => Assert.Throws<RpcException>(() => read())!.StatusCode;

    // Names and strings as protobuf has them: valid Unicode.
    private static Gen<string> Texts() => Gen.Elements("", "a", "targeting", "кот 🐈", "\"\\\n\0").Or(Gen.Choose(0, 1_000).Select(n => $"n{n}"));

    private static Gen<Struct> Structs(int depth) =>
        from members in Gen.Zip(Texts(), Values(depth)).ListOf()
        select members.Aggregate(new Struct(), (result, member) =>
        {
            result.Fields[member.Item1] = member.Item2;
            return result;
        });

    private static Gen<Value> Values(int depth)
    {
        var leaves = Gen.OneOf(
            Gen.Elements(true, false).Select(Google.Protobuf.WellKnownTypes.Value.ForBool),
            Gen.Choose(-1_000_000, 1_000_000).Select(n => Google.Protobuf.WellKnownTypes.Value.ForNumber(n / 64.0)),
            Texts().Select(Google.Protobuf.WellKnownTypes.Value.ForString),
            Gen.Constant(Google.Protobuf.WellKnownTypes.Value.ForNull()));
        return depth == 0 ? leaves : Gen.OneOf(
            leaves,
            Structs(depth - 1).Select(Google.Protobuf.WellKnownTypes.Value.ForStruct),
            Values(depth - 1).ListOf().Select(list => Google.Protobuf.WellKnownTypes.Value.ForList([.. list])));
    }
}
