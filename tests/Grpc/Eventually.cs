namespace CroPlatform.Grpc.Tests;

internal static class Eventually
{
    /// <summary>Waits until the condition holds; fails after thirty seconds.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        var limit = DateTime.UtcNow.AddSeconds(30);
        while (!await condition())
        {
            Assert.That(DateTime.UtcNow, Is.LessThan(limit), "the condition did not come true in thirty seconds");
            await Task.Delay(10);
        }
    }

    /// <summary>The number, above zero, at which a count comes to rest: thirty looks in a row see the same.</summary>
    public static async Task<int> RestsAtAsync(Func<Task<int>> count)
    {
        var (last, same) = (0, 0);
        await TrueAsync(async () =>
        {
            var now = await count();
            same = now == last && now > 0 ? same + 1 : 0;
            last = now;
            return same == 30;
        });
        return last;
    }
}
