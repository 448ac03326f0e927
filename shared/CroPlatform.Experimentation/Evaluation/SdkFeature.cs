using System.Text.Json;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>One experiment as a feature with rules: first what is forced, then the experiment itself; the default is for everybody else.</summary>
internal sealed class SdkFeature(CompiledExperiment compiled, SdkValues values)
{
    private readonly Experiment _experiment = compiled.Experiment;
    private readonly SdkRule _rule = new(compiled);

    public void Write(Utf8JsonWriter json, string name, DateTimeOffset time)
    {
        json.WriteStartObject(name);
        json.WritePropertyName("defaultValue");
        json.WriteRawValue(values.Default.Span);
        json.WriteStartArray("rules");
        if (_experiment.Status != ExperimentStatus.Running) WriteServed(json);
        else WriteRunning(json, time);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>An experiment rule, not a forced value: an SDK then reports the holdout's exposure whenever one that respects it is evaluated.</summary>
    public static void Write(Utf8JsonWriter json, string name, Holdout holdout)
    {
        json.WriteStartObject(name);
        json.WriteBoolean("defaultValue", false);
        json.WriteStartArray("rules");
        json.WriteStartObject();
        json.WriteString("key", holdout.Experiment);
        json.WriteString("seed", holdout.Seed);
        json.WriteString("hashAttribute", SdkNames.AttributeOf(holdout.Unit));
        json.WriteNumber("hashVersion", 2);
        json.WriteBoolean("disableStickyBucketing", true);
        json.WriteStartArray("variations");
        json.WriteBooleanValue(true);
        json.WriteBooleanValue(false);
        json.WriteEndArray();
        // The first range that fits counts: whoever is not held out is in the second.
        SdkRule.WriteRanges(json, "ranges", [holdout.Range, new(0, 1)]);
        json.WriteStartArray("meta");
        SdkRule.WriteMeta(json, holdout.HeldOut, holdout.HeldOut);
        SdkRule.WriteMeta(json, holdout.Included, holdout.Included);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteServed(Utf8JsonWriter json)
    {
        if (_experiment.Served is not { } served) return;
        json.WriteStartObject();
        WriteForce(json, _experiment.IndexOfVariant(served.Variant));
        if (served.Share < 1)
        {
            json.WriteString("seed", Served.SeedOf(_experiment.Key));
            json.WriteString("hashAttribute", SdkNames.AttributeOf(_experiment.Unit));
            json.WriteNumber("hashVersion", 2);
            json.WritePropertyName("range");
            SdkRule.WriteRange(json, new(0, served.Share));
        }

        json.WriteEndObject();
    }

    private void WriteRunning(Utf8JsonWriter json, DateTimeOffset time)
    {
        foreach (var group in _experiment.Forced.GroupBy(f => f.Variant))
        {
            json.WriteStartObject();
            json.WritePropertyName("condition");
            SdkRule.WriteUnits(json, _experiment.Unit, "$in", group.Select(f => f.UnitId));
            WriteForce(json, _experiment.IndexOfVariant(group.Key));
            json.WriteEndObject();
        }

        if (_experiment.Schedule?.Holds(time) == false) return;
        // SDKs let remembered units in whatever the condition says; here it is asked of everybody, so it is a rule of its own as well.
        if (_experiment.Sticky && _rule.HasCondition)
        {
            json.WriteStartObject();
            json.WriteStartObject("condition");
            json.WritePropertyName("$not");
            _rule.WriteCondition(json);
            json.WriteEndObject();
            json.WritePropertyName("force");
            json.WriteRawValue(values.Default.Span);
            json.WriteEndObject();
        }

        json.WriteStartObject();
        _rule.WriteAssignment(json);
        if (_rule.HasCondition)
        {
            json.WritePropertyName("condition");
            _rule.WriteCondition(json);
        }

        json.WriteStartArray("variations");
        foreach (var value in values.ByVariant) json.WriteRawValue(value.Span);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteForce(Utf8JsonWriter json, int variant)
    {
        json.WritePropertyName("force");
        json.WriteRawValue(values.ByVariant[variant].Span);
    }
}
