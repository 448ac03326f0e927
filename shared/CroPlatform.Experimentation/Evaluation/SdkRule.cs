using System.Globalization;
using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>The parts of an experiment that a feature's rule and an experiment on its own have in common.</summary>
internal sealed class SdkRule(CompiledExperiment compiled)
{
    private readonly Experiment _experiment = compiled.Experiment;

    /// <summary>Whether it is targeted, by attributes or by the page's address.</summary>
    public bool HasCondition => compiled.Targeting is not null || compiled.Pages is not null;

    /// <summary>Who is assigned, and how: everything but condition and variations.</summary>
    public void WriteAssignment(Utf8JsonWriter json)
    {
        var phase = _experiment.CurrentPhase;
        json.WriteString("key", _experiment.Key);
        json.WriteString("name", _experiment.Name);
        json.WriteString("phase", phase.Index.ToString(CultureInfo.InvariantCulture));
        json.WriteString("seed", phase.Seed);
        json.WriteString("hashAttribute", SdkNames.AttributeOf(_experiment.Unit));
        json.WriteNumber("hashVersion", 2);
        json.WriteNumber("coverage", phase.Coverage);
        json.WriteStartArray("weights");
        foreach (var weight in phase.Weights) json.WriteNumberValue(weight);
        json.WriteEndArray();
        json.WriteStartArray("meta");
        foreach (var variant in _experiment.Variants) WriteMeta(json, variant.Key, variant.Name);
        json.WriteEndArray();
        WriteSticky(json);
        WriteFilters(json);
        WriteParents(json);
    }

    /// <summary>The condition as a value.</summary>
    public void WriteCondition(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("$and");
        if (compiled.Targeting is not null) json.WriteRawValue(_experiment.CurrentPhase.TargetingJson.Span);
        compiled.Pages?.WriteCondition(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A condition on the unit's id.</summary>
    public static void WriteUnits(Utf8JsonWriter json, string unitType, string comparison, IEnumerable<string> ids)
    {
        json.WriteStartObject();
        json.WriteStartObject(SdkNames.AttributeOf(unitType));
        json.WriteStartArray(comparison);
        foreach (var id in ids) json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteRanges(Utf8JsonWriter json, string name, IEnumerable<BucketRange> ranges)
    {
        json.WriteStartArray(name);
        foreach (var range in ranges) WriteRange(json, range);
        json.WriteEndArray();
    }

    public static void WriteRange(Utf8JsonWriter json, BucketRange range)
    {
        json.WriteStartArray();
        json.WriteNumberValue(range.Start);
        json.WriteNumberValue(range.End);
        json.WriteEndArray();
    }

    public static void WriteMeta(Utf8JsonWriter json, string key, string name)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteString("name", name);
        json.WriteEndObject();
    }

    private void WriteSticky(Utf8JsonWriter json)
    {
        if (!_experiment.Sticky)
        {
            json.WriteBoolean("disableStickyBucketing", true);
            return;
        }

        json.WriteNumber("bucketVersion", _experiment.BucketVersion);
        json.WriteNumber("minBucketVersion", _experiment.MinBucketVersion);
    }

    private void WriteFilters(Utf8JsonWriter json)
    {
        if (_experiment.Layers.IsEmpty) return;
        json.WriteStartArray("filters");
        foreach (var layer in _experiment.Layers)
        {
            json.WriteStartObject();
            json.WriteString("attribute", SdkNames.AttributeOf(_experiment.Unit));
            json.WriteString("seed", layer.Seed);
            json.WriteNumber("hashVersion", 2);
            WriteRanges(json, "ranges", layer.Ranges);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteParents(Utf8JsonWriter json)
    {
        if (_experiment.Holdouts.IsEmpty && _experiment.Prerequisites.IsEmpty) return;
        json.WriteStartArray("parentConditions");
        foreach (var holdout in _experiment.Holdouts)
        {
            json.WriteStartObject();
            json.WriteString("id", SdkNames.OfHoldout(holdout));
            json.WriteStartObject("condition");
            json.WriteBoolean("value", false);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        foreach (var prerequisite in _experiment.Prerequisites)
        {
            json.WriteStartObject();
            json.WriteString("id", SdkNames.OfParent(prerequisite.Experiment));
            json.WriteStartObject("condition");
            json.WriteStartObject("value");
            json.WriteStartArray("$in");
            foreach (var variant in prerequisite.Variants) json.WriteStringValue(variant);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
