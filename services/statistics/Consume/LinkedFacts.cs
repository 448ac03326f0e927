using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Consume;

/// <summary>
/// Finds the facts of other units that are about somebody who is to be forgotten: what a user did is kept under the visitor, too, without the
/// user's name, and only the log knows both.
/// </summary>
internal sealed class LinkedFacts(LogReader log)
{
    /// <param name="lane">The partition, see <see cref="Lane"/>.</param>
    /// <param name="to">The offset up to which the partition was folded.</param>
    public Task<IReadOnlyCollection<(string Unit, FactId Id)>> FindAsync(Erasure erasure, int lane, long to, CancellationToken ct)
    {
        var partition = Lane.IsFacts(lane) ? new TopicPartition(Topics.Facts, lane - Lane.FirstOfFacts) : new TopicPartition(Topics.Events, lane);
        var alone = Erasures.None.With(erasure);
        return Task.Factory.StartNew<IReadOnlyCollection<(string, FactId)>>(
            () => log.Read(partition, to, ct).Select(r => EventReading.LinkOf(r, alone)).OfType<(string, FactId)>().ToHashSet(),
            ct,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }
}
