using CroPlatform.Local.Testing;

namespace CroPlatform.Local.Tests;

public sealed class TestingTests
{
    [Test]
    public void ParseTrx_CountsWhatDidNotPassAsFailed()
    {
        const string trx = """
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
              <ResultSummary outcome="Failed">
                <Counters total="9" executed="8" passed="5" failed="2" error="0" timeout="1" aborted="0" notExecuted="1" />
              </ResultSummary>
            </TestRun>
            """;
        Assert.That(TestReport.ParseTrx(trx), Is.EqualTo(new TestReport(5, 3)));
    }

    [Test]
    public void Measured_OfATestsOutput_IsWhatItSaysSoOf()
    {
        const string trx = """
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
              <Results><UnitTestResult><Output><StdOut>noise
            measured: 12 MiB</StdOut></Output></UnitTestResult></Results>
            </TestRun>
            """;
        Assert.That(TestReport.Measured(trx), Is.EqualTo(["measured: 12 MiB"]));
    }

    [Test]
    public void FilterFor_WhatTheTestPlatformWouldReadAsAnOperator_IsEscaped() =>
        Assert.That(TestProject.FilterFor("Of(1,\"a|b\")"), Is.EqualTo("FullyQualifiedName~Of\\(1,\"a\\|b\"\\)"));

    [Test]
    public void All_FindsThisProject() => Assert.That(TestProject.All().Select(project => project.Name), Does.Contain("CroPlatform.Local.Tests"));
}
