using System.Xml.Linq;

namespace CroPlatform.Local.Testing;

/// <summary>How many tests passed and failed; what neither passed nor failed (aborted, timed out) counts as failed.</summary>
internal readonly record struct TestReport(int Passed, int Failed)
{
    public static TestReport operator +(TestReport left, TestReport right) => new(left.Passed + right.Passed, left.Failed + right.Failed);

    /// <summary>Reads a TRX file, the report of Visual Studio's test platform.</summary>
    public static TestReport ParseTrx(string xml)
    {
        var counters = XDocument.Parse(xml).Descendants().Single(element => element.Name.LocalName == "Counters");
        int Count(string name) => (int?)counters.Attribute(name) ?? 0;
        return new TestReport(Count("passed"), Count("executed") - Count("passed"));
    }

    /// <summary>What tests say that they measured: lines of their output that begin with <c>measured: </c>.</summary>
    public static IEnumerable<string> Measured(string? xml) => xml is null ? [] : XDocument.Parse(xml).Descendants().Where(element => element.Name.LocalName == "UnitTestResult")
        .SelectMany(result => result.Descendants()).Where(element => element.Name.LocalName == "StdOut")
        .SelectMany(output => output.Value.Split('\n')).Select(line => line.Trim()).Where(line => line.StartsWith("measured: ", StringComparison.Ordinal));
}
