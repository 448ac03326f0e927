using CroPlatform.Contracts.Experiments;
using CroPlatform.Experimentation.Configuration;

namespace CroPlatform.Contracts;

/// <summary>The records of cro.experiments.v1: their keys, and how each changes the catalog.</summary>
public static class ConfigurationRecords
{
    public static string KeyOf(ConfigurationRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.RecordCase switch
        {
            ConfigurationRecord.RecordOneofCase.Site => $"site|{record.Site.Key}",
            ConfigurationRecord.RecordOneofCase.Experiment => $"{record.Experiment.Site}|{record.Experiment.Key}|{record.Experiment.Version}",
            ConfigurationRecord.RecordOneofCase.Current => $"{record.Current.Site}|{record.Current.Experiment}|current",
            ConfigurationRecord.RecordOneofCase.SavedGroup => $"group|{record.SavedGroup.Site}|{record.SavedGroup.Key}",
            ConfigurationRecord.RecordOneofCase.SigningKey => $"signing-key|{record.SigningKey.Id}",
            ConfigurationRecord.RecordOneofCase.TokenGeneration => $"token-generation|{record.TokenGeneration.User}",
            ConfigurationRecord.RecordOneofCase.Erasure => $"erasure|{record.Erasure.Site}|{record.Erasure.Id}",
            _ => throw new ArgumentException("an empty configuration record has no key", nameof(record)),
        };
    }

    /// <summary>The catalog after this record; a kind of record that this version does not know changes nothing.</summary>
    public static Catalog With(this Catalog catalog, ConfigurationRecord record)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(record);
        return record.RecordCase switch
        {
            ConfigurationRecord.RecordOneofCase.Site => catalog.With(record.Site.ToModel()),
            ConfigurationRecord.RecordOneofCase.Experiment => catalog.With(record.Experiment.ToModel()),
            ConfigurationRecord.RecordOneofCase.Current =>
                catalog.WithCurrent(record.Current.Site, record.Current.Experiment, (int)record.Current.Version),
            ConfigurationRecord.RecordOneofCase.SavedGroup => catalog.With(record.SavedGroup.ToModel()),
            ConfigurationRecord.RecordOneofCase.SigningKey => catalog.With(record.SigningKey.ToModel()),
            ConfigurationRecord.RecordOneofCase.TokenGeneration =>
                catalog.WithTokenGeneration(record.TokenGeneration.User, record.TokenGeneration.Generation),
            ConfigurationRecord.RecordOneofCase.Erasure => catalog.With(record.Erasure.ToModel()),
            _ => catalog,
        };
    }
}
