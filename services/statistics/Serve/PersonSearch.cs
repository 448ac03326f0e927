using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Contracts.Privacy;
using CroPlatform.Kafka;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Consume;
using CroPlatform.Services.Statistics.Store;
using Google.Protobuf;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>Looks for a person's events where they can only be found by reading everything: in the log and in quarantine. As JSON of the API's names.</summary>
internal sealed class PersonSearch(LogReader log, PrivacyStore store, CatalogReader catalog)
{
    private const int Ahead = 256;

    /// <summary>The log's events that carry one of these ids and were not erased. The log is read from its beginning to where it ends now.</summary>
    public async IAsyncEnumerable<byte[]> InLogAsync(string site, IReadOnlyList<PersonUnit> units, [EnumeratorCancellation] CancellationToken ct)
    {
        var found = Channel.CreateBounded<byte[]>(Ahead);
        var reading = Task.Factory.StartNew(() => Read(site, units, found.Writer, ct), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await foreach (var item in found.Reader.ReadAllAsync(ct)) yield return item;
        await reading;
    }

    public async IAsyncEnumerable<byte[]> InQuarantineAsync(string site, IReadOnlyList<PersonUnit> units, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var record in store.QuarantinedAsync(ct))
        {
            if (Match(record, site, units) is { } json) yield return json;
        }
    }

    private void Read(string site, IReadOnlyList<PersonUnit> units, ChannelWriter<byte[]> found, CancellationToken ct)
    {
        try
        {
            for (var number = 0; number < Topics.All.Single(t => t.Name == Topics.Events).Partitions; number++)
            {
                var partition = new TopicPartition(Topics.Events, number);
                foreach (var record in log.Read(partition, log.End(partition), ct))
                {
                    if (Match(record.Message.Value ?? [], site, units) is not { } json) continue;
                    found.WriteAsync(json, ct).AsTask().GetAwaiter().GetResult();
                }
            }

            found.Complete();
        }
        catch (Exception e)
        {
            found.Complete(e);
        }
    }

    private byte[]? Match(byte[] record, string site, IReadOnlyList<PersonUnit> units)
    {
        try
        {
            var read = Event.Parser.ParseFrom(record);
            return read.Site == site && units.Any(u => read.IdOf(u.UnitType) == u.Unit) && !read.IsCovered(catalog.Current.Erasures(site)) ? ExportedEvent.Of(read) : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
