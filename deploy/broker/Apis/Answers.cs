using CroPlatform.Broker.Serve;

namespace CroPlatform.Broker.Apis;

internal static class Answers
{
    /// <summary>A request that is answered without waiting for anything.</summary>
    public static Func<Request, Task> Now(Action<Request> answer) => request =>
    {
        answer(request);
        return Task.CompletedTask;
    };
}
