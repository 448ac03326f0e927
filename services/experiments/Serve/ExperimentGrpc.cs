using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;
using Google.Protobuf;
using Grpc.Core;
using RollOutRequest = CroPlatform.Contracts.Experiments.RollOutRequest;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>The life cycle for services: the same commands as over HTTP, told in gRPC's words.</summary>
internal sealed class ExperimentGrpc(LifeCycleCommands commands, ExperimentChanges changes, ExperimentStore experiments) : ExperimentService.ExperimentServiceBase
{
    private delegate Task<Outcome> Transition(Caller caller, string key, string? reason, CancellationToken ct, Answer answer);

    public override async Task<ExperimentState> Get(GetExperimentRequest request, ServerCallContext context) =>
        await experiments.FindAsync(context.GetHttpContext().Grant().Site, request.Key, context.CancellationToken) is { } stored
            ? State(stored)
            : throw Error(new FieldProblem("not_found", "key", $"there is no experiment '{request.Key}'"));

    public override async Task<ListExperimentsReply> List(ListExperimentsRequest request, ServerCallContext context)
    {
        var limit = request.Limit == 0 ? ListQuery.DefaultLimit : request.Limit;
        if (limit is < 1 or > ListQuery.MaxLimit) throw Error(new FieldProblem("out_of_range", "limit", $"limit must lie between 1 and {ListQuery.MaxLimit}"));
        if (request.Offset < 0) throw Error(new FieldProblem("out_of_range", "offset", "offset must be 0 or more"));
        var filters = new Dictionary<string, string>();
        if (request.Statuses.Count > 0) filters["status"] = string.Join(',', request.Statuses);
        var query = new ListQuery(limit, request.Offset, "created_at", Descending: true, Search: null, filters);
        var (found, total) = await experiments.PageAsync(context.GetHttpContext().Grant().Site, query, context.CancellationToken);
        return new ListExperimentsReply { Experiments = { found.Select(e => State(e, withVersion: false)) }, Total = total };
    }

    public override Task<ExperimentState> Start(TransitionRequest request, ServerCallContext context) => RunAsync(request, context, commands.StartAsync);

    public override Task<ExperimentState> Pause(TransitionRequest request, ServerCallContext context) => RunAsync(request, context, commands.PauseAsync);

    public override Task<ExperimentState> Resume(TransitionRequest request, ServerCallContext context) => RunAsync(request, context, commands.ResumeAsync);

    public override Task<ExperimentState> Stop(TransitionRequest request, ServerCallContext context) => RunAsync(request, context, commands.StopAsync);

    public override Task<ExperimentState> RollBack(TransitionRequest request, ServerCallContext context) => RunAsync(request, context, commands.RollBackAsync);

    public override async Task<ExperimentState> RollOut(RollOutRequest request, ServerCallContext context)
    {
        var target = new Receive.RollOutRequest { Variant = request.Variant.Length > 0 ? request.Variant : null, Share = request.HasShare ? request.Share : null };
        return Read(await commands.RollOutAsync(
            CallerOf(context, request, request.IfRevision), request.Key, target, Reason(request.Reason), context.CancellationToken, Answer));
    }

    private async Task<ExperimentState> RunAsync(TransitionRequest request, ServerCallContext context, Transition transition) =>
        Read(await transition(CallerOf(context, request, request.IfRevision), request.Key, Reason(request.Reason), context.CancellationToken, Answer));

    private static string? Reason(string text) => text.Length > 0 ? text : null;

    private byte[] Answer(StoredExperiment after) => State(after).ToByteArray();

    private ExperimentState State(StoredExperiment stored) => State(stored, withVersion: true);

    private ExperimentState State(StoredExperiment stored, bool withVersion)
    {
        var state = new ExperimentState
        {
            Key = stored.Key,
            Name = stored.Definition.Name ?? stored.Key,
            Status = stored.Status,
            Revision = stored.Revision,
            VersionNumber = (uint)(stored.Published?.Version ?? 0),
            Allowed = { changes.Allowed(stored.Status) },
        };
        if (withVersion && stored.Published is { } published) state.Version = published.ToWire();
        return state;
    }

    private static ExperimentState Read(Outcome outcome) =>
        outcome.Problem is { } problem ? throw Error(problem) : ExperimentState.Parser.ParseFrom(outcome.Body);

    private static Caller CallerOf(ServerCallContext context, IMessage request, long ifRevision)
    {
        var grant = context.GetHttpContext().Grant();
        var caller = new Caller(grant.Site, grant.Actor) { IfMatch = ifRevision > 0 ? $"\"{ifRevision}\"" : null };
        if (context.RequestHeaders.FirstOrDefault(h => h.Key == Caller.IdempotencyField)?.Value is not { } key) return caller;
        return Caller.IsKey(key) ? caller with { Idempotency = IdempotentRequest.Of(key, context.Method, request.ToByteArray()) } : throw Error(Caller.MalformedKey);
    }

    private static RpcException Error(FieldProblem problem)
    {
        var status = Answers.StatusOf(problem.Code) switch
        {
            StatusCodes.Status404NotFound => StatusCode.NotFound,
            StatusCodes.Status403Forbidden => StatusCode.PermissionDenied,
            StatusCodes.Status409Conflict => StatusCode.FailedPrecondition,
            StatusCodes.Status412PreconditionFailed => StatusCode.Aborted,
            StatusCodes.Status422UnprocessableEntity => StatusCode.AlreadyExists,
            StatusCodes.Status503ServiceUnavailable => StatusCode.Unavailable,
            _ => StatusCode.InvalidArgument,
        };
        return new RpcException(new Status(status, problem.Field is null ? problem.Message : $"{problem.Field}: {problem.Message}"));
    }
}

internal static class ExperimentGrpcMapping
{
    public static void MapExperimentGrpc(this IEndpointRouteBuilder app) => app.MapGrpcService<ExperimentGrpc>().RequirePerson(PersonRole.Editor);
}
