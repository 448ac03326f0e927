using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CroPlatform.Client.Follow;
using CroPlatform.Client.Send;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace CroPlatform.Client;

/// <summary>
/// Decides in this process from the streamed configuration, and sends exposures and events in the background. Safe for many threads: everything
/// about a unit comes with the call. Nothing here throws because the platform is away; then every answer is the control with its reason.
/// </summary>
public sealed class CroClient
{
    private static readonly ConditionalWeakTable<Variant, StrongBox<JsonElement?>> Configs = [];

    private readonly RulesFollower _rules;
    private readonly EventSender _sender;
    private readonly AssignmentService.AssignmentServiceClient _service;
    private readonly CroClientOptions _options;
    private readonly TimeProvider _clock;
    private readonly RecentExposures _exposed = new();

    internal CroClient(
        RulesFollower rules, EventSender sender, AssignmentService.AssignmentServiceClient service, IOptions<CroClientOptions> options, TimeProvider clock) =>
        (_rules, _sender, _service, _options, _clock) = (rules, sender, service, options.Value, clock);

    /// <summary>Done once there is a configuration, from the service or from the bootstrap file. Before it, every answer has the reason stale.</summary>
    public Task Ready => _rules.Ready;

    public ClientStatus Status => new(_rules.Current.Experiments.Count(), _rules.Staleness, _sender.Waiting, _sender.Dropped);

    /// <summary>Which variant a unit gets. Completes at once but for sticky experiments, for which the service is asked.</summary>
    /// <param name="context">The units by type and what targeting reads; see <see cref="ContextExtensions.WithAttributes"/>.</param>
    public ValueTask<Assigned> AssignAsync(string experiment, EvaluationContext context)
    {
        var rules = _rules.Current;
        if (context.Time == default) context = context with { Time = _clock.GetUtcNow() };
        if (rules.Find(experiment)?.Experiment is not { } known)
        {
            var reason = _rules.IsStale ? AssignmentReason.Stale : AssignmentReason.UnknownExperiment;
            return ValueTask.FromResult(new Assigned(experiment, null, 0, false, ReasonNames.Of(reason), null, null));
        }

        if (_rules.IsStale) return ValueTask.FromResult(Control(known));
        if (rules.StickyFor(experiment).Any()) return AskAsync(known, context);
        var assigned = Told(known, rules.Decide(experiment, context));
        if (known.RecordExposures) Expose(assigned, context);
        return ValueTask.FromResult(assigned);
    }

    /// <summary>
    /// Says that the unit was shown what it was assigned, and which holdouts it met. Call it when it is shown, with the context that it was assigned
    /// by; a unit that does not take part has nothing to say.
    /// </summary>
    public void Expose(Assigned assigned, EvaluationContext context)
    {
        ArgumentNullException.ThrowIfNull(assigned);
        if (assigned.InExperiment) Expose(assigned.Experiment, assigned.Told.Phase, assigned.Variant!, assigned.Version, assigned.Told.UnitType, context);
        foreach (var holdout in assigned.Holdouts) Expose(holdout.Experiment, 0, holdout.Variant, holdout.Version, holdout.UnitType, context);
    }

    /// <summary>Sends an event in the background.</summary>
    public void Track(TrackedEvent tracked)
    {
        ArgumentNullException.ThrowIfNull(tracked);
        _sender.Enqueue(new ClientEvent
        {
            Id = tracked.Id ?? Guid.CreateVersion7().ToString("n"),
            Type = tracked.Type,
            VisitorId = tracked.VisitorId,
            UserId = tracked.UserId,
            AccountId = tracked.AccountId,
            DeviceId = tracked.DeviceId,
            Timestamp = tracked.Timestamp ?? _clock.GetUtcNow(),
            Value = tracked.Value,
            Currency = tracked.Currency,
            Properties = tracked.Properties,
        });
    }

    private void Expose(string experiment, int phase, string variant, int version, string unitType, in EvaluationContext context)
    {
        if (context.Unit(unitType) is not { Length: > 0 } unit) return;
        // The same exposure has the same id, so that it counts once however often it is sent.
        var id = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"exposure|{experiment}|{phase}|{variant}|{unit}")));
        if (!_exposed.TryAdd(id)) return;
        _sender.Enqueue(new ClientEvent
        {
            Id = id,
            Type = "exposure",
            // Every event has a visitor; a unit that came without one stands in for it.
            VisitorId = context.VisitorId is { Length: > 0 } visitor ? visitor : $"{unitType}:{unit}",
            UserId = context.UserId,
            AccountId = context.AccountId,
            DeviceId = context.DeviceId,
            Timestamp = _clock.GetUtcNow(),
            Experiment = experiment,
            Variant = variant,
            Version = version,
        });
    }

    private async ValueTask<Assigned> AskAsync(Experiment experiment, EvaluationContext context)
    {
        if (context.Unit(experiment.Unit) is not { Length: > 0 } unit)
        {
            return new Assigned(experiment.Key, experiment.Variants[experiment.Control].Key, experiment.Version, false, ReasonNames.Of(AssignmentReason.NoUnit), null, null);
        }

        try
        {
            var reply = await _service.AssignAsync(
                new AssignRequest { UnitId = unit, UnitType = experiment.Unit, AttributesJson = Attributes(context), Experiments = { experiment.Key } },
                deadline: _clock.GetUtcNow().UtcDateTime + _options.Deadline);
            var answer = reply.Assignments[0];
            return new Assigned(
                answer.Experiment, answer.Variant, (int)answer.Version, answer.InExperiment, answer.Reason, Parsed(answer.ConfigJson.Memory),
                answer.HasPropensity ? answer.Propensity : null)
            { Told = (experiment.Unit, experiment.CurrentPhase.Index) };
        }
        catch (RpcException)
        {
            return Control(experiment);
        }
    }

    private static ByteString Attributes(in EvaluationContext context)
    {
        var all = context.Attributes is { } json ? json.EnumerateObject().ToDictionary(m => m.Name, m => m.Value) : [];
        foreach (var unitType in UnitTypes.All)
        {
            if (context.Unit(unitType) is { Length: > 0 } id) all[$"{unitType}_id"] = JsonSerializer.SerializeToElement(id);
        }

        if (context.Url is { } url) all["url"] = JsonSerializer.SerializeToElement(url);
        return UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(all));
    }

    private static Assigned Control(Experiment experiment) =>
        Told(experiment, new Decision(experiment.Control, false, AssignmentReason.Stale, null, null));

    private static Assigned Told(Experiment experiment, in Decision decision)
    {
        var variant = experiment.Variants[decision.Variant];
        return new Assigned(
            experiment.Key, variant.Key, experiment.Version, decision.InExperiment, ReasonNames.Of(decision.Reason), ConfigOf(variant), decision.Propensity)
        {
            Told = (experiment.Unit, experiment.CurrentPhase.Index),
            Holdouts = decision.Holdouts,
        };
    }

    private static JsonElement? Parsed(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty) return null;
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>A variant's configuration, parsed once for as long as the variant lives.</summary>
    private static JsonElement? ConfigOf(Variant variant) => Configs.GetValue(variant, v => new StrongBox<JsonElement?>(Parsed(v.ConfigJson))).Value;
}

/// <summary>How the client stands.</summary>
/// <param name="Staleness">How long ago the service confirmed the configuration; <see cref="TimeSpan.MaxValue"/>: never.</param>
/// <param name="WaitingEvents">Not acknowledged yet.</param>
/// <param name="DroppedEvents">Given up since the start.</param>
public sealed record ClientStatus(int Experiments, TimeSpan Staleness, long WaitingEvents, long DroppedEvents);
