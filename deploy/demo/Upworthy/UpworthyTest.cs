using System.Globalization;

namespace CroPlatform.Demo.Upworthy;

internal sealed record Package(int Number, int Impressions, int Clicks)
{
    public string Key => $"package-{Number}";
}

/// <summary>One headline test of the archive.</summary>
internal sealed record UpworthyTest(string Id, IReadOnlyList<Package> Packages)
{
    public int Events => Packages.Sum(p => p.Impressions + p.Clicks);

    /// <summary>Whole tests in the file's order, up to about this many events; at least one.</summary>
    public static IReadOnlyList<UpworthyTest> Read(string file, int events)
    {
        var chosen = new List<UpworthyTest>();
        var total = 0;
        foreach (var test in Rows(file).GroupBy(r => r.Test).Select(g => new UpworthyTest(g.Key, [.. g.Select(r => r.Package)])))
        {
            if (chosen.Count > 0 && total + test.Events > events) break;
            chosen.Add(test);
            total += test.Events;
        }

        return chosen;
    }

    private static IEnumerable<(string Test, Package Package)> Rows(string file) => File.ReadLines(file).Skip(1).Select(line =>
    {
        var cells = line.Split(',');
        return (cells[0], new Package(Number(cells[1]), Number(cells[2]), Number(cells[3])));
    });

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
