using System.Text;
using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Allocations;
using CroPlatform.Contracts.Events;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Store;
using Google.Protobuf;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>
/// Bytes as releases have written them to topics and tables, with what they mean. Every release reads all of them: the log and the tables outlive it, and
/// while services are replaced one by one two releases read each other's. A new format gets another sample; none is ever taken away.
/// </summary>
public sealed class StoredFormatTests
{
    private static readonly Dictionary<string, MessageParser> Records = new()
    {
        [Topics.Events] = Event.Parser,
        [Topics.Facts] = RoutedEvent.Parser,
        [Topics.Rejected] = RejectedEvent.Parser,
        [Topics.Experiments] = ConfigurationRecord.Parser,
        [Topics.Allocations] = Allocation.Parser,
        [Topics.Results] = ExperimentResults.Parser,
    };

    /// <param name="Where">A topic, or a table's column.</param>
    /// <param name="Bytes">In hexadecimal digits.</param>
    public sealed record Sample(string Where, string Name, string Bytes, string Means)
    {
        public override string ToString() => $"{Where}: {Name}";
    }

    private static readonly IReadOnlyList<Sample> Samples = JsonSerializer.Deserialize<List<Sample>>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "reference", "formats.json")), JsonSerializerOptions.Web)!;

    [TestCaseSource(nameof(Samples))]
    public void Sample_IsReadForWhatItMeans(Sample sample) => Assert.That(MeaningOf(sample.Where, Convert.FromHexString(sample.Bytes)), Is.EqualTo(sample.Means));

    [Test]
    public void EveryTopic_HasASample() => Assert.That(Samples.Select(s => s.Where), Is.SupersetOf(Topics.All.Select(t => t.Name)));

    [Test]
    public void Configuration_OfSamples_IsInTheCatalog()
    {
        var records = Samples.Where(s => s.Where == Topics.Experiments).Select(s => ConfigurationRecord.Parser.ParseFrom(Convert.FromHexString(s.Bytes))).ToList();
        Assert.That(records.Select(r => r.RecordCase).Distinct(), Is.EquivalentTo(Enum.GetValues<ConfigurationRecord.RecordOneofCase>().Except([ConfigurationRecord.RecordOneofCase.None])));
        var catalog = records.Aggregate(Catalog.Empty, (all, record) => all.With(record));
        Assert.That((catalog.Sites.Single().Key, catalog.Experiments.Single().Current!.Key), Is.EqualTo(("shop", "checkout")));
    }

    /// <summary>The newest state of a unit is what is written today, byte by byte.</summary>
    [TestCase("units.state", "version 2")]
    [TestCase("aggregates.cell", "moments and counts")]
    public void CurrentFormat_IsWrittenAsItWas(string where, string name)
    {
        var bytes = Convert.FromHexString(Samples.Single(s => s.Where == where && s.Name == name).Bytes);
        var written = where == "units.state" ? UnitCodec.Encode(UnitCodec.Decode("shop", "v1", 0, bytes)) : CellCodec.Encode(CellCodec.Decode(bytes));
        Assert.That(Convert.ToHexStringLower(written), Is.EqualTo(Convert.ToHexStringLower(bytes)));
    }

    private static string MeaningOf(string where, byte[] bytes) => where switch
    {
        "units.state" => string.Join('\n', UnitCodec.Decode("shop", "v1", 0, bytes) is var unit ? unit.Facts.Select(MeaningOf).Prepend($"bot {unit.IsBot}") : []),
        "aggregates.cell" => MeaningOf(CellCodec.Decode(bytes)),
        _ => JsonFormatter.Default.Format(Records[where].ParseFrom(bytes)),
    };

    private static string MeaningOf(Fact fact) =>
        $"{fact.Id} {fact.TimeMs} {fact.ReceivedMs} {fact.Type} {fact.ValueE4} {fact.Exposure} {Encoding.UTF8.GetString(fact.Properties.Span)} {fact.Held}";

    private static string MeaningOf(CroPlatform.Services.Statistics.Fold.Cell cell) => string.Join('\n', cell.Moments.Select((m, i) =>
        $"{m.N} {m.SumX} {m.SumY} {m.SumXX} {m.SumYY} {m.SumXY} {(cell.Counts[i] is { } counts ? string.Join(' ', counts.InOrder()) : "")}").Prepend($"{cell.Units} units"));
}
