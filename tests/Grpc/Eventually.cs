namespace CroPlatform.Grpc.Tests;

internal static class Eventually
{
    /// <summary>Waits until the condition holds; fails after ten seconds.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        var limit = DateTime.UtcNow.AddSeconds(10);
        while (!await condition())
        {
            Assert.That(DateTime.UtcNow, Is.LessThan(limit), "the condition did not come true in ten seconds");
            await Task.Delay(20);
        }
    }
}
