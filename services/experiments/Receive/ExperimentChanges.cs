using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Commands;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;
using Npgsql;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>What the caller of a command is told of the experiment after it, in his own protocol.</summary>
internal delegate byte[] Answer(StoredExperiment after);

/// <summary>An experiment that is about to be changed, locked until the transaction ends.</summary>
internal sealed record Changing(NpgsqlTransaction Transaction, Caller Caller, StoredExperiment Stored, ExperimentLife Life, DateTimeOffset Now)
{
    public NpgsqlConnection Db => Transaction.Connection!;
}

/// <summary>A command that is ready to be raised, or why it is not.</summary>
/// <param name="Definition">What the definition becomes; null: it stays.</param>
/// <param name="IsRedefined">Somebody has to look at it again.</param>
internal sealed record Prepared(LifeCommand? Command, FieldProblem? Problem = null, ExperimentRequest? Definition = null, bool IsRedefined = false)
{
    public static implicit operator Prepared(LifeCommand command) => new(command);

    public static implicit operator Prepared(FieldProblem problem) => new(null, problem);
}

/// <summary>Takes an experiment through one step of its life: loads and locks it, raises the command on the machine, stores, publishes, writes down.</summary>
internal sealed class ExperimentChanges(CommandRunner runner, StateMachineSender<ExperimentLife> machine, TimeProvider clock)
{
    /// <param name="event">The machine's name of the command.</param>
    /// <param name="prepare">Checks what the machine cannot know; asked only in a state that takes the command.</param>
    /// <param name="answer">What the caller is told; the experiment as the API shows it if null.</param>
    public Task<Outcome> ApplyAsync(
        Caller caller, string key, string @event, string? reason, Func<Changing, Task<Prepared>> prepare, CancellationToken ct, Answer? answer = null) =>
        runner.RunAsync(caller, async transaction =>
        {
            await ExperimentStore.LockSiteAsync(transaction, caller.Site);
            var now = clock.GetUtcNow();
            if (await ExperimentStore.FindAsync(transaction, caller.Site, key) is not { } stored)
            {
                return Outcome.Refused(new FieldProblem("not_found", "key", $"there is no experiment '{key}'"));
            }

            if (!caller.HasSeen(stored.ETag)) return Outcome.Refused(new FieldProblem("precondition_failed", "if-match", $"the experiment has changed: its ETag is {stored.ETag}"));
            var life = stored.ToLife(now);
            if (!machine.Allowed(life.StateName).Contains(@event)) return Outcome.Refused(NotAllowed(stored.Status, life.StateName, @event));
            var prepared = await prepare(new Changing(transaction, caller, stored, life, now));
            if (prepared.Command is not { } command) return Outcome.Refused(prepared.Problem!);
            await machine.SendAsync(command);
            return await StoreAsync(transaction, caller, stored, After(stored, life, prepared, caller), @event, reason, now, answer);
        }, ct);

    /// <summary>The commands that an experiment of this status takes, as the paths name them.</summary>
    public IReadOnlyList<string> Allowed(string status) =>
        Commands(new ExperimentLife { CorrelationId = default, Status = status, NowMs = 0 }.StateName);

    /// <summary>What the platform does by itself is none of them.</summary>
    private IReadOnlyList<string> Commands(string state) =>
        [.. machine.Allowed(state).Where(e => e != nameof(FreezeCaps)).Select(JsonNamingPolicy.KebabCaseLower.ConvertName)];

    private static StoredExperiment After(StoredExperiment before, ExperimentLife life, Prepared prepared, Caller caller) => before with
    {
        Definition = prepared.Definition ?? before.Definition,
        Status = life.Status,
        Published = life.Version,
        StartedAt = life.Version is { } version ? DateTimeOffset.FromUnixTimeMilliseconds(version.StartedMs) : null,
        StoppedAt = life.Version?.StoppedMs is > 0 and var stopped ? DateTimeOffset.FromUnixTimeMilliseconds(stopped) : null,
        Revision = before.Revision + 1,
        DefinitionRevision = before.DefinitionRevision + (prepared.IsRedefined ? 1 : 0),
        EditedBy = prepared.IsRedefined ? caller.Actor : before.EditedBy,
        EnteredAt = DateTimeOffset.FromUnixTimeMilliseconds(life.EnteredMs),
        Plan = life.Plan,
        Steps = life.Steps,
    };

    private static async Task<Outcome> StoreAsync(
        NpgsqlTransaction transaction, Caller caller, StoredExperiment before, StoredExperiment after, string @event, string? reason, DateTimeOffset now, Answer? answer)
    {
        var isPublished = after.Published?.Version != before.Published?.Version;
        var publication = await ExperimentStore.SaveAsync(transaction, caller.Site, after, isPublished);
        var command = JsonNamingPolicy.KebabCaseLower.ConvertName(@event);
        await ExperimentStore.AddHistoryAsync(
            transaction, caller.Site, after.Key, new HistoryEntry(after.Revision, now, caller.Actor, command, after.Status, isPublished ? after.Published!.Version : 0, reason));
        var isRedefined = !ReferenceEquals(before.Definition, after.Definition);
        await AuditLog.AppendAsync(
            transaction,
            new AuditEntry(
                caller.Site, caller.Actor, AuditedExperiment.Action(@event), "experiment", after.Key,
                AuditedExperiment.Of(before, isRedefined), AuditedExperiment.Of(after, isRedefined), reason),
            now);
        var body = answer is not null
            ? answer(after)
            : JsonSerializer.SerializeToUtf8Bytes(await ExperimentView.WithHistoryAsync(transaction.Connection!, caller.Site, after), JsonBody.Options);
        return new Outcome(StatusCodes.Status200OK, body) { ETag = after.ETag, Publication = publication };
    }

    private FieldProblem NotAllowed(string status, string state, string @event)
    {
        var allowed = Commands(state);
        var can = allowed.Count == 0 ? "nothing any more" : string.Join(", ", allowed);
        return new FieldProblem("conflict", null, $"an experiment that is {status} cannot {JsonNamingPolicy.KebabCaseLower.ConvertName(@event)}; it takes {can}")
        {
            More = new JsonObject { ["status"] = status, ["allowed"] = new JsonArray([.. allowed.Select(a => (JsonNode)a)]) },
        };
    }
}
