using CroPlatform.Door;

namespace CroPlatform.Local.Tests;

public sealed class RoutesTests
{
    [TestCase("/v1/events", Service.Ingestion)]
    [TestCase("/V1/events", Service.Ingestion)]
    [TestCase("/v1", Service.Ingestion)]
    [TestCase("/v10/events", Service.Reporting)]
    [TestCase("/api/v1/experiments", Service.Experiments)]
    [TestCase("/api/v1/experiments/a/start", Service.Experiments)]
    [TestCase("/api/v1/experiments/results", Service.Experiments)]
    [TestCase("/api/v1/experiments/a/results", Service.Statistics)]
    [TestCase("/api/v1/experiments/a/results/days", Service.Statistics)]
    [TestCase("/api/v1/experiments//results", Service.Experiments)]
    [TestCase("/api/v1/statistics/ledger", Service.Statistics)]
    [TestCase("/api/v1/metrics", Service.Experiments)]
    [TestCase("/api/v1/interactions", Service.Statistics)]
    [TestCase("/api/v1/assignments", Service.Assignment)]
    [TestCase("/ofrep/v1/evaluate/flags", Service.Assignment)]
    [TestCase("/api/features/wk_1", Service.Assignment)]
    [TestCase("/api/eval/wk_1", Service.Assignment)]
    [TestCase("/sub/wk_1", Service.Assignment)]
    [TestCase("/", Service.Reporting)]
    [TestCase("/live", Service.Reporting)]
    [TestCase("/app.js", Service.Reporting)]
    public void ServiceOf_APath_IsItsOwner(string path, Service service) => Assert.That(Routes.ServiceOf(path), Is.EqualTo(service));
}
