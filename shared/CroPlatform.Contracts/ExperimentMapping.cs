using CroPlatform.Experimentation;
using Google.Protobuf;
using Wire = CroPlatform.Contracts.Experiments;

namespace CroPlatform.Contracts;

/// <summary>Between the model and the records of cro.experiments.v1.</summary>
public static class ExperimentMapping
{
    public static Experiment ToModel(this Wire.Experiment wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return new Experiment
        {
            Site = wire.Site,
            Key = wire.Key,
            Version = (int)wire.Version,
            EffectiveMs = wire.EffectiveMs,
            Name = wire.Name,
            Hypothesis = wire.Hypothesis,
            Kind = wire.Kind == Wire.Experiment.Types.Kind.Unspecified ? ExperimentKind.Ab : (ExperimentKind)wire.Kind,
            Unit = wire.Unit,
            Status = (ExperimentStatus)wire.Status,
            Assignment = (AssignmentMode)wire.Assignment,
            Variants = [.. wire.Variants.Select(VariantMapping.ToModel)],
            Control = (int)wire.Control,
            Factors = [.. wire.Factors.Select(VariantMapping.ToModel)],
            Metrics = [.. wire.Metrics.Select(MetricMapping.ToModel)],
            Decision = new DecisionRule
            {
                Method = (DecisionMethod)wire.Decision.Method,
                Confidence = wire.Decision.Confidence,
                MinEffect = wire.Decision.MinEffect,
                MinSample = wire.Decision.MinSample,
                MinDays = wire.Decision.MinDays,
                MaxDays = wire.Decision.MaxDays,
                Rule = wire.Decision.Rule == Wire.Decision.Types.Rule.Unspecified ? WinnerRule.RiskAware : (WinnerRule)wire.Decision.Rule,
                MaxSample = wire.Decision.MaxSample,
                Looks = (int)wire.Decision.Looks,
                MaxLoss = wire.Decision.MaxLoss,
            },
            Phases = [.. wire.Phases.Select(ToModel)],
            AnalysisRevision = (int)wire.AnalysisRevision,
            StoppedMs = wire.StoppedMs,
        }.WithMembershipOf(wire);
    }

    public static Wire.Experiment ToWire(this Experiment model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var wire = new Wire.Experiment
        {
            Site = model.Site,
            Key = model.Key,
            Version = (uint)model.Version,
            EffectiveMs = model.EffectiveMs,
            Name = model.Name,
            Hypothesis = model.Hypothesis,
            Kind = (Wire.Experiment.Types.Kind)model.Kind,
            Unit = model.Unit,
            Status = (Wire.Experiment.Types.Status)model.Status,
            Assignment = (Wire.Experiment.Types.Assignment)model.Assignment,
            Control = (uint)model.Control,
            Decision = new Wire.Decision
            {
                Method = (Wire.Decision.Types.Method)model.Decision.Method,
                Confidence = model.Decision.Confidence,
                MinEffect = model.Decision.MinEffect,
                MinSample = model.Decision.MinSample,
                MinDays = model.Decision.MinDays,
                MaxDays = model.Decision.MaxDays,
                Rule = (Wire.Decision.Types.Rule)model.Decision.Rule,
                MaxSample = model.Decision.MaxSample,
                Looks = (uint)model.Decision.Looks,
                MaxLoss = model.Decision.MaxLoss,
            },
            AnalysisRevision = (uint)model.AnalysisRevision,
            StoppedMs = model.StoppedMs,
        };
        wire.Variants.AddRange(model.Variants.Select(VariantMapping.ToWire));
        wire.Factors.AddRange(model.Factors.Select(VariantMapping.ToWire));
        wire.AddMembership(model);
        wire.Metrics.AddRange(model.Metrics.Select(MetricMapping.ToWire));
        wire.Phases.AddRange(model.Phases.Select(ToWire));
        return wire;
    }

    public static SavedGroup ToModel(this Wire.SavedGroup wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return new SavedGroup(wire.Site, wire.Key, wire.Attribute, wire.ValuesJson.Memory);
    }

    public static Wire.SavedGroup ToWire(this SavedGroup model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new Wire.SavedGroup { Site = model.Site, Key = model.Key, Attribute = model.Attribute, ValuesJson = Copy(model.ValuesJson) };
    }

    private static Phase ToModel(Wire.Phase wire) => new()
    {
        Index = (int)wire.Index,
        Weights = [.. wire.Weights],
        Coverage = wire.Coverage,
        Seed = wire.Seed,
        TargetingJson = wire.TargetingJson.Memory,
        Periods = [.. wire.Periods.Select(p => new Period(p.FromMs, p.ToMs))],
    };

    private static Wire.Phase ToWire(Phase model)
    {
        var wire = new Wire.Phase { Index = (uint)model.Index, Coverage = model.Coverage, Seed = model.Seed, TargetingJson = Copy(model.TargetingJson) };
        wire.Weights.AddRange(model.Weights);
        wire.Periods.AddRange(model.Periods.Select(p => new Wire.Period { FromMs = p.FromMs, ToMs = p.ToMs }));
        return wire;
    }

    private static ByteString Copy(ReadOnlyMemory<byte> bytes) => ByteString.CopyFrom(bytes.Span);
}
