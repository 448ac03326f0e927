using CroPlatform.Experimentation;
using Google.Protobuf;
using Wire = CroPlatform.Contracts.Experiments;

namespace CroPlatform.Contracts;

/// <summary>Metrics between the model and the records of cro.experiments.v1.</summary>
public static class MetricMapping
{
    public static Metric ToModel(Wire.Metric wire) => new()
    {
        Key = wire.Key,
        Name = wire.Name,
        Kind = (MetricKind)wire.Kind,
        Event = wire.Event,
        ValueProperty = wire.ValueProperty,
        Value = ToModel(wire.Value),
        FilterJson = wire.FilterJson.Memory,
        Denominator = wire.Denominator is { } term ? new MetricTerm(term.Event, term.ValueProperty, term.FilterJson.Memory, ToModel(term.Value)) : null,
        Quantile = wire.Quantile,
        Day = (int)wire.Day,
        StartEvent = wire.StartEvent,
        Steps = [.. wire.Steps.Select(s => new MetricStep(s.Event, s.FilterJson.Memory))],
        CovariateDays = wire.HasCovariateDays ? (int)wire.CovariateDays : Metric.DefaultCovariateDays,
        WindowHours = wire.WindowHours,
        CapE4 = wire.HasCapE4 ? wire.CapE4 : null,
        CapPercentile = wire.CapPercentile,
        AddedMs = wire.AddedMs,
        CountsFromMs = wire.CountsFromMs,
        Decrease = wire.Decrease,
        Guardrail = wire.Guardrail,
        Margin = wire.Margin,
        Weight = wire.Weight,
    };

    public static Wire.Metric ToWire(Metric model)
    {
        var wire = new Wire.Metric
        {
            Key = model.Key,
            Name = model.Name,
            Kind = (Wire.Metric.Types.Kind)model.Kind,
            Event = model.Event,
            ValueProperty = model.ValueProperty,
            Value = (Wire.TermValue)model.Value,
            FilterJson = Copy(model.FilterJson),
            Quantile = model.Quantile,
            Day = (uint)model.Day,
            StartEvent = model.StartEvent,
            CovariateDays = (uint)model.CovariateDays,
            WindowHours = model.WindowHours,
            CapPercentile = model.CapPercentile,
            AddedMs = model.AddedMs,
            CountsFromMs = model.CountsFromMs,
            Decrease = model.Decrease,
            Guardrail = model.Guardrail,
            Margin = model.Margin,
            Weight = model.Weight,
        };
        wire.Steps.AddRange(model.Steps.Select(s => new Wire.MetricStep { Event = s.Event, FilterJson = Copy(s.FilterJson) }));
        if (model.CapE4 is { } cap) wire.CapE4 = cap;
        if (model.Denominator is { } term)
        {
            wire.Denominator = new Wire.MetricTerm
            {
                Event = term.Event,
                ValueProperty = term.ValueProperty,
                FilterJson = Copy(term.FilterJson),
                Value = (Wire.TermValue)term.Value,
            };
        }

        return wire;
    }

    private static TermValue ToModel(Wire.TermValue wire) => wire == Wire.TermValue.Unspecified ? TermValue.Value : (TermValue)wire;

    private static ByteString Copy(ReadOnlyMemory<byte> bytes) => ByteString.CopyFrom(bytes.Span);
}
