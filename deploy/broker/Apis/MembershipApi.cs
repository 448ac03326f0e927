using CroPlatform.Broker.Groups;
using CroPlatform.Broker.Serve;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Apis;

/// <summary>Joining, syncing, beating, leaving; and what people ask about groups.</summary>
internal sealed class MembershipApi(GroupCoordinator groups)
{
    private const int NoAuthorizedOperations = int.MinValue;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis)
    {
        apis[ApiKey.JoinGroup] = JoinAsync;
        apis[ApiKey.SyncGroup] = SyncAsync;
        apis[ApiKey.Heartbeat] = Answers.Now(Heartbeat);
        apis[ApiKey.LeaveGroup] = Answers.Now(Leave);
        apis[ApiKey.DescribeGroups] = Answers.Now(Describe);
        apis[ApiKey.ListGroups] = Answers.Now(List);
        apis[ApiKey.DeleteGroups] = DeleteAsync;
    }

    private async Task JoinAsync(Request request)
    {
        var (from, to, version) = (request.Body, request.Response, request.Version);
        var (group, session) = (from.String(), from.Int32());
        var rebalance = version >= 1 ? from.Int32() : session;
        var (member, instance) = (from.String(), version >= 5 ? from.NullableString() : null);
        var (type, protocols) = (from.String(), from.Array(p => new Protocol(p.String(), p.Bytes().ToArray())));
        var result = await groups.JoinAsync(new JoinRequest(
            group, member, instance, session, rebalance, type, protocols, request.ClientId, request.Host, MustKnowItsId: version >= 4)).WaitAsync(request.Gone);
        if (version >= 2)
            to.Int32(0); // throttle
        to.Error(result.Error);
        to.Int32(result.Generation);
        to.String(result.Protocol);
        to.String(result.Leader);
        to.String(result.MemberId);
        to.Array(result.Members ?? [], one =>
        {
            to.String(one.Id);
            if (version >= 5)
                to.String(one.InstanceId);
            to.Bytes(one.Metadata);
        });
    }

    private async Task SyncAsync(Request request)
    {
        var (from, to, version) = (request.Body, request.Response, request.Version);
        var group = from.String();
        var caller = Caller(from, version >= 3);
        var assignments = from.Array(a => (Member: a.String(), Assignment: a.Bytes().ToArray()));
        var result = await groups.SyncAsync(group, caller, assignments.DistinctBy(a => a.Member).ToDictionary(a => a.Member, a => a.Assignment)).WaitAsync(request.Gone);
        if (version >= 1)
            to.Int32(0); // throttle
        to.Error(result.Error);
        to.Bytes(result.Assignment);
    }

    private void Heartbeat(Request request)
    {
        var group = request.Body.String();
        var error = groups.Heartbeat(group, Caller(request.Body, request.Version >= 3));
        if (request.Version >= 1)
            request.Response.Int32(0); // throttle
        request.Response.Error(error);
    }

    private void Leave(Request request)
    {
        var (from, to) = (request.Body, request.Response);
        var group = from.String();
        (string Id, string? Instance)[] leaving = request.Version >= 3 ? from.Array(m => (m.String(), m.NullableString())) : [(from.String(), null)];
        var errors = leaving.Select(member => groups.Leave(group, member.Id, member.Instance)).ToArray();
        if (request.Version >= 1)
            to.Int32(0); // throttle
        to.Error(request.Version >= 3 ? ErrorCode.None : errors[0]);
        if (request.Version < 3)
            return;
        to.Array(leaving.Zip(errors).ToArray(), member =>
        {
            to.String(member.First.Id);
            to.String(member.First.Instance);
            to.Error(member.Second);
        });
    }

    private void Describe(Request request)
    {
        var (to, version) = (request.Response, request.Version);
        var names = request.Body.Array(r => r.String());
        if (version >= 1)
            to.Int32(0); // throttle
        to.Array(names, name =>
        {
            var group = groups.Find(name);
            to.Error(ErrorCode.None);
            to.String(name);
            to.String(group is not null ? $"{group.State}" : groups.Names.Contains(name) ? nameof(GroupState.Empty) : "Dead");
            to.String(group?.ProtocolType ?? "");
            to.String(group?.Protocol ?? "");
            to.Array(group?.Describe() ?? [], one =>
            {
                to.String(one.Member.Id);
                if (version >= 4)
                    to.String(one.Member.Joined.InstanceId);
                to.String(one.Member.Joined.ClientId);
                to.String(one.Member.Joined.Host);
                to.Bytes(one.Metadata);
                to.Bytes(one.Member.Assignment);
            });
            if (version >= 3)
                to.Int32(NoAuthorizedOperations);
        });
    }

    private void List(Request request)
    {
        var to = request.Response;
        if (request.Version >= 1)
            to.Int32(0); // throttle
        to.Error(ErrorCode.None);
        to.Array(groups.Names.ToArray(), name =>
        {
            to.String(name);
            to.String(groups.Find(name)?.ProtocolType ?? "");
        });
    }

    private async Task DeleteAsync(Request request)
    {
        var names = request.Body.Array(r => r.String());
        var to = request.Response;
        to.Int32(0); // throttle
        to.Count(names.Length);
        foreach (var name in names)
        {
            to.String(name);
            to.Error(await groups.DeleteAsync(name));
        }
    }

    private static Caller Caller(WireReader from, bool withInstance) => new(from.Int32(), from.String(), withInstance ? from.NullableString() : null);
}
