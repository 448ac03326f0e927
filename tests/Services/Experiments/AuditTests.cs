using System.Text.Json;
using CroPlatform.Services.Experiments.Decide.Audit;
using CroPlatform.Services.Experiments.Serve;
using FsCheck;
using FsCheck.Fluent;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class AuditTests
{
    /// <summary>Numbers and their texts of RFC 8785, appendix B, and of ECMA-262's rules where they turn.</summary>
    [TestCase("0", "0")]
    [TestCase("-0", "0")]
    [TestCase("5e-324", "5e-324")]
    [TestCase("-1.7976931348623157e308", "-1.7976931348623157e+308")]
    [TestCase("9007199254740992", "9007199254740992")]
    [TestCase("295147905179352830000", "295147905179352830000")]
    [TestCase("999999999999999900000", "999999999999999900000")]
    [TestCase("1e21", "1e+21")]
    [TestCase("9.999999999999997e22", "9.999999999999997e+22")]
    [TestCase("0.000001", "0.000001")]
    [TestCase("0.0000001", "1e-7")]
    [TestCase("333333333.33333329", "333333333.3333333")]
    [TestCase("1E30", "1e+30")]
    [TestCase("4.50", "4.5")]
    [TestCase("2e-3", "0.002")]
    [TestCase("100", "100")]
    [TestCase("-12.75", "-12.75")]
    [TestCase("1e400", "\"1e400\"")]
    public void CanonicalJson_OfANumber_IsAsEcmaScriptPrintsIt(string number, string text) => Assert.That(Canonical(number), Is.EqualTo(text));

    [TestCase("""{"b": 1, "a": [true, null, {"z": "", "y": 2.0}]}""", """{"a":[true,null,{"y":2,"z":""}],"b":1}""")]
    [TestCase("""{"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7}""", "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\ud83d\ude00\":5,\"\ufb33\":3}")]
    [TestCase("""["\u0000\u001f\u007f\"\\\/\b\f\n\r\t<>&'é"]""", "[\"\\u0000\\u001f\u007f\\\"\\\\/\\b\\f\\n\\r\\t<>&'é\"]")]
    public void CanonicalJson_OfAValue_HasSortedMembersAndFewEscapes(string json, string text) => Assert.That(Canonical(json), Is.EqualTo(text));

    [Test]
    public void CanonicalJson_OfAnyNumber_ReadsBackAsTheSame() => Prop.ForAll<NormalFloat>(number =>
        double.Parse(Canonical(JsonSerializer.Serialize(number.Get)), System.Globalization.CultureInfo.InvariantCulture) == number.Get).QuickCheckThrowOnFailure();

    /// <summary>The figure comes from a few lines of Python that follow docs/audit.md.</summary>
    [Test]
    public void Hash_OfARow_IsAsDocumented() => Assert.That(
        Convert.ToHexStringLower(Rows(1)[0].Hash), Is.EqualTo("fab01b76ec85072212894db44551ff3d536e64c5ca5a6a193824f620407eac67"));

    [Test]
    public void Chain_OfUntouchedRows_IsWhole()
    {
        var chain = new AuditChain();
        var rows = Rows(5);
        foreach (var (row, hash) in rows) Assert.That(chain.Append(row, hash), Is.Null);
        Assert.That((chain.Length, chain.End(5, rows[^1].Hash)), Is.EqualTo((5L, (string?)null)));
    }

    [Test]
    public void Chain_WithAnyFieldChanged_BreaksAtThatRow()
    {
        Func<AuditRow, AuditRow>[] changes =
        [
            r => r with { Site = "t" }, r => r with { At = r.At.AddMilliseconds(1) }, r => r with { Actor = "a" }, r => r with { Action = "b" },
            r => r with { SubjectKind = "c" }, r => r with { Subject = "d" }, r => r with { Before = null }, r => r with { After = "2" },
            r => r with { Reason = "" }, r => r with { SubjectKind = "experiment" + r.Subject, Subject = "" },
        ];
        foreach (var change in changes)
        {
            var rows = Rows(4);
            rows[2] = (change(rows[2].Row), rows[2].Hash);
            Assert.That(FirstFault(rows), Does.StartWith("row 3 was changed"));
        }
    }

    [Test]
    public void Chain_WithARowRehashedTakenOutPutInOrCutOff_Breaks()
    {
        var rows = Rows(4);
        var forged = rows[1].Row with { Actor = "key:00000000" };
        Assert.That(FirstFault([rows[0], (forged, forged.ComputeHash()), .. rows[2..]]), Does.StartWith("row 3 does not name"), "rehashed alone");
        Assert.That(FirstFault([rows[0], .. rows[2..]]), Does.StartWith("row 2 is missing"));
        Assert.That(FirstFault([rows[0], rows[0], .. rows[1..]]), Does.StartWith("row 2 is missing"));
        Assert.That(FirstFault(rows[..3], rows[^1]), Does.StartWith("the log ends at row 3"));
    }

    [TestCase("plain", "\"plain\"")]
    [TestCase("say \"hi\", twice", "\"say \"\"hi\"\", twice\"")]
    [TestCase("=1+1", "\"'=1+1\"")]
    [TestCase("@sum", "\"'@sum\"")]
    [TestCase("-2", "\"'-2\"")]
    [TestCase("+2", "\"'+2\"")]
    [TestCase("\t=2", "\"'\t=2\"")]
    [TestCase(null, "")]
    public void CsvCell_OfAnything_IsNoFormula(string? text, string cell) => Assert.That(AuditExport.Cell(text), Is.EqualTo(cell));

    private static string Canonical(string json) => CanonicalJson.Of(JsonSerializer.Deserialize<JsonElement>(json));

    private static List<(AuditRow Row, byte[] Hash)> Rows(int count)
    {
        var rows = new List<(AuditRow Row, byte[] Hash)>();
        for (var i = 1; i <= count; i++)
        {
            var row = new AuditRow(
                "s", i, DateTimeOffset.UnixEpoch.AddSeconds(i), "key:0123abcd", "experiment.started", "experiment", "büro", "{\"a\":1}", null, null,
                rows.Count > 0 ? rows[^1].Hash : AuditChain.Root);
            rows.Add((row, row.ComputeHash()));
        }

        return rows;
    }

    private static string? FirstFault(List<(AuditRow Row, byte[] Hash)> rows, (AuditRow Row, byte[] Hash)? head = null)
    {
        var chain = new AuditChain();
        var end = head ?? rows[^1];
        return rows.Select(r => chain.Append(r.Row, r.Hash)).FirstOrDefault(f => f is not null) ?? chain.End(end.Row.Seq, end.Hash);
    }
}
