using System.Text.Json;
using CroPlatform.Services.Assignment.Check;
using CroPlatform.Services.Assignment.Decide;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace CroPlatform.Services.Assignment.Serve.Flagd;

/// <summary>A flag's value as flagd's messages carry it. Reading it as a type that it has not is INVALID_ARGUMENT.</summary>
internal readonly struct FlagdValue
{
    private readonly FlagAnswer _answer;
    private readonly JsonElement _json;

    private FlagdValue(in FlagAnswer answer, JsonElement json) => (_answer, _json) = (answer, json);

    public string Flag => _answer.Flag;

    /// <summary>False where the unit's variant has no configuration but others have: the caller's own default holds.</summary>
    public bool IsPresent => _json.ValueKind != JsonValueKind.Null;

    public string Variant => _answer.Answer.Variant!.Key;

    /// <summary>DEFAULT or DISABLED where there is no value, as the protocol has it.</summary>
    public string Reason => IsPresent || _answer.Reason == "DISABLED" ? _answer.Reason : "DEFAULT";

    public Struct Metadata => new()
    {
        Fields =
        {
            _answer.Metadata.ToDictionary(m => m.Name, m => m.Value switch
            {
                bool flag => Value.ForBool(flag),
                int number => Value.ForNumber(number),
                var text => Value.ForString((string)text),
            }),
        },
    };

    public JsonValueKind Kind => _json.ValueKind;

    public bool Boolean => Kind is JsonValueKind.True or JsonValueKind.False ? _json.GetBoolean() : throw IsNo("boolean");

    public string String => Kind == JsonValueKind.String ? _json.GetString()! : throw IsNo("string");

    /// <summary>Any number: JavaScript asks for whole ones as for others.</summary>
    public double Float => Kind == JsonValueKind.Number ? _json.GetDouble() : throw IsNo("number");

    /// <summary>A number without a fraction, however it is written.</summary>
    public long Int => Kind != JsonValueKind.Number ? throw IsNo("whole number")
        : _json.TryGetInt64(out var whole) ? whole
        : _json.TryGetDecimal(out var number) && number == decimal.Truncate(number) && number is >= long.MinValue and <= long.MaxValue ? (long)number
        : throw IsNo("whole number");

    public Struct Object => Kind == JsonValueKind.Object ? FlagdJson.ToStruct(_json) : throw IsNo("object");

    /// <exception cref="RpcException">The flag has no value: NOT_FOUND, INVALID_ARGUMENT, DATA_LOSS.</exception>
    public static FlagdValue Of(in FlagAnswer answer) => answer.Fault switch
    {
        FlagFault.NotFound => throw Failure(StatusCode.NotFound, $"flag_key: there is no flag '{answer.Flag}'"),
        FlagFault.TargetingKeyMissing => throw Failure(StatusCode.InvalidArgument, $"context.targetingKey: required, since '{answer.Flag}' splits by unit"),
        _ => new FlagdValue(answer, Parse(answer)),
    };

    private static JsonElement Parse(in FlagAnswer answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.ValueJson);
            if (WellFormedText.Holds(document.RootElement)) return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // Answered below: both are nothing that a client could use.
        }

        throw Failure(StatusCode.DataLoss, $"flag_key: the configuration of '{answer.Flag}' cannot be read");
    }

    private RpcException IsNo(string type) => Failure(StatusCode.InvalidArgument, $"flag_key: '{Flag}' is no {type}");

    private static RpcException Failure(StatusCode code, string message) => new(new Status(code, message));
}
