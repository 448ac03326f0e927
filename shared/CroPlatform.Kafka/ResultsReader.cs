using System.Collections.Concurrent;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Statistics;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>The latest results of each experiment, kept up with cro.results.v1.</summary>
public sealed class ResultsReader(IOptions<KafkaOptions> options, Cluster cluster, ILogger<ResultsReader> logger)
    : TopicFollower(Topics.All.Single(t => t.Name == Topics.Results), options, cluster, logger)
{
    private readonly ConcurrentDictionary<(string Site, string Experiment), ExperimentResults> _latest = new();

    public ExperimentResults? Find(string site, string experiment) => _latest.GetValueOrDefault((site, experiment));

    protected override void Apply(byte[] value)
    {
        try
        {
            var results = ExperimentResults.Parser.ParseFrom(value);
            _latest[(results.Site, results.Experiment)] = results;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new FormatException($"no results: {e.Message}", e);
        }
    }
}
