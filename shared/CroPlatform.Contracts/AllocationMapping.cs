using CroPlatform.Experimentation;
using Wire = CroPlatform.Contracts.Allocations;

namespace CroPlatform.Contracts;

/// <summary>Between the model and the records of cro.allocations.v1.</summary>
public static class AllocationMapping
{
    public static Allocation ToModel(this Wire.Allocation wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return new Allocation(wire.Site, wire.Experiment, (int)wire.Phase, [.. wire.Weights], wire.EffectiveMs);
    }

    public static Wire.Allocation ToWire(this Allocation model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new Wire.Allocation
        {
            Site = model.Site,
            Experiment = model.Experiment,
            Phase = (uint)model.Phase,
            Weights = { model.Weights },
            EffectiveMs = model.EffectiveMs,
        };
    }
}
