namespace CroPlatform.Broker.Apis;

/// <summary>Joining, syncing, beating, leaving; and what people ask about groups.</summary>
internal sealed class MembershipApi(GroupCoordinator groups)
{
    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis)
    {
        apis[ApiKey.JoinGroup] = JoinAsync;
        apis[ApiKey.SyncGroup] = SyncAsync;
        apis[ApiKey.Heartbeat] = Request.Now((from, to) => to.Throttle(since: 1)
            .Error(groups.Find(from.String())?.Heartbeat(Caller(from), groups.Now) ?? ErrorCode.UnknownMemberId));
        apis[ApiKey.LeaveGroup] = Request.Now(Leave);
        apis[ApiKey.DescribeGroups] = Request.Now(Describe);
        apis[ApiKey.ListGroups] = Request.Now((_, to) => to.Throttle(since: 1).Error(ErrorCode.None)
            .Array(groups.Names.ToArray(), name => to.String(name).String(groups.Find(name)?.ProtocolType ?? "")));
        apis[ApiKey.DeleteGroups] = DeleteAsync;
    }

    private async Task JoinAsync(Request request)
    {
        var (from, to) = (request.Body, request.Response);
        var (group, session) = (from.String(), from.Int32());
        var (rebalance, member, instance) = (from.Int32(since: 1, otherwise: session), from.String(), from.NullableString(since: 5));
        var (type, protocols) = (from.String(), from.Array(p => new Protocol(p.String(), p.Bytes().ToArray())));
        var joining = groups.JoinAsync(new JoinRequest(
            group, member, instance, session, rebalance, type, protocols, request.ClientId, request.Host, MustKnowItsId: from.Version >= 4));
        var result = await joining.WaitAsync(request.Gone);
        to.Throttle(since: 2).Error(result.Error).Int32(result.Generation).String(result.Protocol).String(result.Leader).String(result.MemberId);
        to.Array(result.Members ?? [], one => to.String(one.Id).String(one.InstanceId, since: 5).Bytes(one.Metadata));
    }

    private async Task SyncAsync(Request request)
    {
        var from = request.Body;
        var (group, caller) = (from.String(), Caller(from));
        var assignments = new Dictionary<string, byte[]>();
        from.Array(a => assignments[a.String()] = a.Bytes().ToArray());
        var syncing = groups.Find(group)?.SyncAsync(caller, assignments, groups.Now) ?? Task.FromResult(new SyncResult(ErrorCode.UnknownMemberId, []));
        var result = await syncing.WaitAsync(request.Gone);
        request.Response.Throttle(since: 1).Error(result.Error).Bytes(result.Assignment);
    }

    private void Leave(WireReader from, WireWriter to)
    {
        var group = from.String();
        (string Id, string? Instance)[] leaving = from.Version >= 3 ? from.Array(m => (m.String(), m.NullableString())) : [(from.String(), null)];
        var errors = leaving.Select(member => groups.Find(group)?.Leave(member.Id, member.Instance, groups.Now) ?? ErrorCode.UnknownMemberId).ToArray();
        to.Throttle(since: 1).Error(from.Version >= 3 ? ErrorCode.None : errors[0]);
        if (from.Version >= 3)
            to.Array(leaving.Zip(errors).ToArray(), member => to.String(member.First.Id).String(member.First.Instance).Error(member.Second));
    }

    private void Describe(WireReader from, WireWriter to)
    {
        var names = from.Array(r => r.String());
        to.Throttle(since: 1).Array(names, name =>
        {
            var group = groups.Find(name);
            var state = group is not null ? $"{group.State}" : groups.Names.Contains(name) ? nameof(GroupState.Empty) : "Dead";
            to.Error(ErrorCode.None).String(name).String(state).String(group?.ProtocolType ?? "").String(group?.Protocol ?? "");
            to.Array(group?.Describe() ?? [], one => to
                .String(one.Member.Id).String(one.Member.Joined.InstanceId, since: 4).String(one.Member.Joined.ClientId).String(one.Member.Joined.Host)
                .Bytes(one.Metadata).Bytes(one.Member.Assignment));
            to.Int32(ClusterApi.NoOperations, since: 3);
        });
    }

    private async Task DeleteAsync(Request request)
    {
        var names = request.Body.Array(r => r.String());
        request.Response.Throttle().Count(names.Length);
        foreach (var name in names)
            request.Response.String(name).Error(await groups.DeleteAsync(name));
    }

    private static Caller Caller(WireReader from) => new(from.Int32(), from.String(), from.NullableString(since: 3));
}
