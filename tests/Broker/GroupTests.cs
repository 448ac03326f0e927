using CroPlatform.Broker.Groups;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Tests;

/// <summary>The rules of classic groups on a clock of the test's own.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class GroupTests
{
    private const int Delay = 100;
    private const int Session = 10_000;
    private const int Rebalance = 30_000;

    private readonly Group _group = new(Delay);
    private long _now;

    [Test]
    public void NewGroup_MembersComingOneAfterTheOther_ShareOneRebalance()
    {
        var joins = new List<Task<JoinResult>>();
        for (var i = 0; i < 5; i++)
        {
            joins.Add(Join($"m{i}"));
            Pass(Delay - 1);
        }

        Assert.That(joins.Exists(join => join.IsCompleted), Is.False);
        Pass(2);
        Assert.That(joins.Select(join => join.Result.Generation), Is.All.EqualTo(1));
        Assert.That(joins.Count(join => join.Result.Members!.Count == 5), Is.EqualTo(1), "the leader is told of everybody");
    }

    [Test]
    public void StaticMember_ComingBack_KeepsItsPlaceUnnoticedAndFencesItsFormerSelf()
    {
        var (leader, follower) = Stable("a", "b");
        var back = Join("b", instance: "b").Result;
        Assert.That((back.Error, back.Generation), Is.EqualTo((ErrorCode.None, 1)));
        Assert.That(back.MemberId, Is.Not.EqualTo(follower.MemberId));
        Assert.That(Beat(leader, "a"), Is.EqualTo(ErrorCode.None), "no rebalance");
        Assert.That(Beat(follower, "b"), Is.EqualTo(ErrorCode.FencedInstanceId));
        Assert.That(Join("b", instance: "b", id: follower.MemberId).Result.Error, Is.EqualTo(ErrorCode.FencedInstanceId));
        Assert.That(Sync(back, "b", []).Result.Assignment, Is.EqualTo(new byte[] { 2 }), "what it had");
    }

    [Test]
    public void StaticMember_ThatIsSilentForItsSession_LosesItsPlace()
    {
        var (leader, follower) = Stable("a", "b");
        Pass(Session - 1);
        Beat(leader, "a");
        Assert.That(_group.Describe(), Has.Count.EqualTo(2));
        Pass(2);
        Assert.That(_group.Describe(), Has.Count.EqualTo(1));
        Assert.That(Beat(leader, "a"), Is.EqualTo(ErrorCode.RebalanceInProgress));
        Assert.That(Beat(follower, "b"), Is.EqualTo(ErrorCode.UnknownMemberId));
    }

    [Test]
    public void Member_ThatDoesNotSync_IsDroppedAndTheOthersBeginAnew()
    {
        var (first, second) = (Join("a"), Join("b"));
        Pass(Delay);
        var (leader, other) = first.Result.Members!.Count == 2 ? (first.Result, second.Result) : (second.Result, first.Result);
        var waiting = Sync(other, null, []);
        Pass(Rebalance + 1);
        Assert.That(waiting.Result.Error, Is.EqualTo(ErrorCode.RebalanceInProgress));
        Assert.That(Beat(leader), Is.EqualTo(ErrorCode.UnknownMemberId));
        var again = Join("b", id: other.MemberId).Result;
        Assert.That((again.Generation, again.Leader), Is.EqualTo((2, other.MemberId)));
    }

    [Test]
    public void Member_OfAnOldGeneration_MayNeitherBeatNorCommit()
    {
        var (leader, follower) = Stable(null, null);
        Assert.That(_group.Leave(follower.MemberId, null, _now), Is.EqualTo(ErrorCode.None));
        var again = Join("a", id: leader.MemberId).Result;
        _ = Sync(again, null, []);
        Assert.That((Beat(leader), Beat(again)), Is.EqualTo((ErrorCode.IllegalGeneration, ErrorCode.None)));
        Assert.That(_group.MayCommit(new Caller(leader.Generation, leader.MemberId, null), _now), Is.EqualTo(ErrorCode.IllegalGeneration));
        Assert.That(_group.MayCommit(new Caller(again.Generation, again.MemberId, null), _now), Is.EqualTo(ErrorCode.None));
        Assert.That(_group.MayCommit(new Caller(-1, "", null), _now), Is.EqualTo(ErrorCode.UnknownMemberId), "not from outside while it has members");
    }

    [Test]
    public void Member_ThatMustKnowItsId_ComesBackWithIt()
    {
        var first = _group.JoinAsync(Request("a", "", null) with { MustKnowItsId = true }, _now).Result;
        Assert.That(first.Error, Is.EqualTo(ErrorCode.MemberIdRequired));
        var joining = Join("a", id: first.MemberId);
        Pass(Delay);
        Assert.That(joining.Result.Error, Is.EqualTo(ErrorCode.None));
    }

    [Test]
    public void Member_WithoutASharedProtocol_IsRefused()
    {
        Stable(null, null);
        Assert.That(_group.JoinAsync(Request("c", "", null) with { Protocols = [new Protocol("other", [])] }, _now).Result.Error, Is.EqualTo(ErrorCode.InconsistentGroupProtocol));
    }

    /// <summary>A leader, which is assigned 1, and a follower, which is assigned 2.</summary>
    private (JoinResult Leader, JoinResult Follower) Stable(string? firstInstance, string? secondInstance)
    {
        var (first, second) = (Join("a", firstInstance), Join("b", secondInstance));
        Pass(Delay);
        Assert.That(first.Result.Members, Has.Count.EqualTo(2), "the first is the leader");
        var (leader, follower) = (first.Result, second.Result);
        var waiting = Sync(follower, secondInstance, []);
        _ = Sync(leader, firstInstance, new Dictionary<string, byte[]> { [leader.MemberId] = [1], [follower.MemberId] = [2] });
        Assert.That(waiting.Result.Assignment, Is.EqualTo(new byte[] { 2 }));
        return (leader, follower);
    }

    private static JoinRequest Request(string client, string id, string? instance) =>
        new("g", id, instance, Session, Rebalance, "consumer", [new Protocol("range", [7])], client, "/127.0.0.1", MustKnowItsId: false);

    private Task<JoinResult> Join(string client, string? instance = null, string id = "") => _group.JoinAsync(Request(client, id, instance), _now);

    private Task<SyncResult> Sync(JoinResult who, string? instance, Dictionary<string, byte[]> assignments) =>
        _group.SyncAsync(new Caller(who.Generation, who.MemberId, instance), assignments, _now);

    private ErrorCode Beat(JoinResult who, string? instance = null) => _group.Heartbeat(new Caller(who.Generation, who.MemberId, instance), _now);

    private void Pass(long milliseconds)
    {
        _now += milliseconds;
        _group.Tick(_now);
    }
}
