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
}
