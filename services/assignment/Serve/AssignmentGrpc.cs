using System.Threading.Channels;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;
using CroPlatform.Services.Assignment.Check;
using CroPlatform.Services.Assignment.Decide;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Assignment.Serve;

internal sealed class AssignmentGrpc(AssignmentDesk desk, SnapshotHolder holder, IHostApplicationLifetime lifetime, IOptions<AssignmentOptions> options)
    : AssignmentService.AssignmentServiceBase
{
    private static readonly TimeSpan AliveEvery = TimeSpan.FromSeconds(5);

    public override Task<AssignReply> Assign(AssignRequest request, ServerCallContext context) => ReplyAsync(context.GetHttpContext().Grant().Site, request);

    public override async Task<AssignBatchReply> AssignBatch(AssignBatchRequest request, ServerCallContext context)
    {
        if (request.Requests.Count > options.Value.MaxBatch)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"requests: a batch may have {options.Value.MaxBatch}"));
        }

        var site = context.GetHttpContext().Grant().Site;
        var reply = new AssignBatchReply();
        reply.Replies.AddRange(await Task.WhenAll(request.Requests.Select(r => ReplyAsync(site, r))));
        return reply;
    }

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchReply> responseStream, ServerCallContext context)
    {
        var site = context.GetHttpContext().Grant().Site;
        // Unbounded in name only: an experiment's versions are few, and a caller that reads too slowly is cut off by its own flow control.
        var changes = Channel.CreateUnbounded<WatchReply>();
        void OnChange(SiteChange change)
        {
            if (change.Site == site) changes.Writer.TryWrite(Wire(change));
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        List<WatchReply> standing = [];
        holder.Subscribe(OnChange, snapshot => standing = Standing(snapshot.Of(site)));
        try
        {
            foreach (var reply in standing) await responseStream.WriteAsync(reply, ending.Token);
            while (true)
            {
                while (changes.Reader.TryRead(out var change)) await responseStream.WriteAsync(change, ending.Token);
                if (await MoreAsync(changes.Reader, ending.Token)) continue;
                if (!holder.IsStale) await responseStream.WriteAsync(new WatchReply { Alive = true }, ending.Token);
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Watchers must not hold up a host that stops.
            throw new RpcException(new Status(StatusCode.Unavailable, "the server is stopping"));
        }
        finally
        {
            holder.Changed -= OnChange;
        }
    }

    private static List<WatchReply> Standing(SiteRules rules) =>
    [
        .. rules.SavedGroups.Select(g => new WatchReply { Group = g.ToWire() }),
        .. rules.Experiments.Select(e => new WatchReply { Experiment = e.Experiment.ToWire() }),
        new WatchReply { Complete = true },
    ];

    private static WatchReply Wire(SiteChange change) =>
        change.Group is { } group ? new WatchReply { Group = group.ToWire() } : new WatchReply { Experiment = change.Experiment!.ToWire() };

    /// <summary>False if nothing came for a while.</summary>
    private static async Task<bool> MoreAsync(ChannelReader<WatchReply> changes, CancellationToken ct)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
        silence.CancelAfter(AliveEvery);
        try
        {
            return await changes.WaitToReadAsync(silence.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<AssignReply> ReplyAsync(string site, AssignRequest request)
    {
        try
        {
            var question = new AssignmentQuestion(
                request.UnitId,
                request.UnitType.Length == 0 ? UnitTypes.Visitor : request.UnitType,
                request.AttributesJson.Memory,
                request.Experiments,
                request.Expose);
            var reply = new AssignReply();
            foreach (var answer in await desk.AnswerAsync(site, question)) reply.Assignments.Add(Wire(answer));
            return reply;
        }
        catch (InvalidQuestionException e)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"{e.Field}: {e.Message}"));
        }
        catch (LogUnavailableException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "expose: the event log does not answer; ask again"));
        }
    }

    private static Contracts.Assignment.Assignment Wire(in AssignmentAnswer answer)
    {
        var wire = new Contracts.Assignment.Assignment
        {
            Experiment = answer.Key,
            InExperiment = answer.Decision.InExperiment,
            Reason = ReasonNames.Of(answer.Decision.Reason),
        };
        if (answer.Variant is { } variant)
        {
            wire.Variant = variant.Key;
            wire.Version = (uint)answer.Experiment!.Version;
            wire.ConfigJson = UnsafeByteOperations.UnsafeWrap(variant.ConfigJson);
        }

        if (answer.Decision.Position is { } position) wire.Bucket = position;
        if (answer.Decision.Propensity is { } propensity) wire.Propensity = propensity;
        return wire;
    }
}

internal static class AssignmentGrpcMapping
{
    public static void MapAssignmentGrpc(this IEndpointRouteBuilder app) => app.MapGrpcService<AssignmentGrpc>().RequireKey(KeyRole.Server).LimitAs(RateClass.Assignment);
}
