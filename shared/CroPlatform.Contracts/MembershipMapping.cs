using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Bucketing;
using Wire = CroPlatform.Contracts.Experiments;

namespace CroPlatform.Contracts;

/// <summary>Who takes part in an experiment, between the model and the records.</summary>
internal static class MembershipMapping
{
    public static Experiment WithMembershipOf(this Experiment model, Wire.Experiment wire) => model with
    {
        Sticky = wire.Sticky,
        BucketVersion = (int)wire.BucketVersion,
        MinBucketVersion = (int)wire.MinBucketVersion,
        Forced = [.. wire.Forced.Select(f => new ForcedUnit(f.UnitId, f.Variant))],
        Layers = [.. wire.Layers.Select(l => new Layer(l.Key, [.. l.Ranges.Select(ToModel)]))],
        Holdouts = [.. wire.Holdouts.Select(h => new Holdout(h.Experiment, (int)h.Version, h.Unit, h.Seed, ToModel(h.Range), h.HeldOut, h.Included))],
        Prerequisites = [.. wire.Prerequisites.Select(p => new Prerequisite(p.Experiment, [.. p.Variants]))],
        UrlPatterns = [.. wire.UrlPatterns.Select(p => new UrlPattern((UrlPatternType)p.Type, p.Pattern, !p.Exclude))],
        Schedule = wire.Schedule is null ? null : ToModel(wire.Schedule),
        RecordExposures = wire.RecordExposures,
        Served = wire.Served is null ? null : new Served(wire.Served.Variant, wire.Served.Share),
    };

    public static void AddMembership(this Wire.Experiment wire, Experiment model)
    {
        wire.Sticky = model.Sticky;
        wire.BucketVersion = (uint)model.BucketVersion;
        wire.MinBucketVersion = (uint)model.MinBucketVersion;
        wire.Forced.AddRange(model.Forced.Select(f => new Wire.ForcedUnit { UnitId = f.UnitId, Variant = f.Variant }));
        wire.Layers.AddRange(model.Layers.Select(l => new Wire.Layer { Key = l.Key, Ranges = { l.Ranges.Select(ToWire) } }));
        wire.Holdouts.AddRange(model.Holdouts.Select(h => new Wire.Holdout
        {
            Experiment = h.Experiment,
            Version = (uint)h.Version,
            Unit = h.Unit,
            Seed = h.Seed,
            Range = ToWire(h.Range),
            HeldOut = h.HeldOut,
            Included = h.Included,
        }));
        wire.Prerequisites.AddRange(model.Prerequisites.Select(p => new Wire.Prerequisite { Experiment = p.Experiment, Variants = { p.Variants } }));
        wire.UrlPatterns.AddRange(model.UrlPatterns.Select(p => new Wire.UrlPattern
        {
            Type = (Wire.UrlPattern.Types.Type)p.Type,
            Pattern = p.Pattern,
            Exclude = !p.Include,
        }));
        if (model.Schedule is { } schedule) wire.Schedule = ToWire(schedule);
        wire.RecordExposures = model.RecordExposures;
        if (model.Served is { } served) wire.Served = new Wire.Served { Variant = served.Variant, Share = served.Share };
    }

    private static Schedule ToModel(Wire.Schedule wire) => new()
    {
        FromMs = wire.FromMs,
        ToMs = wire.ToMs,
        Days = [.. wire.Days.Select(d => (int)d)],
        FromHour = (int)wire.FromHour,
        ToHour = (int)wire.ToHour,
        TimeZone = wire.TimeZone,
    };

    private static Wire.Schedule ToWire(Schedule model) => new()
    {
        FromMs = model.FromMs,
        ToMs = model.ToMs,
        Days = { model.Days.Select(d => (uint)d) },
        FromHour = (uint)model.FromHour,
        ToHour = (uint)model.ToHour,
        TimeZone = model.TimeZone,
    };

    private static BucketRange ToModel(Wire.BucketRange wire) => new(wire.Start, wire.End);

    private static Wire.BucketRange ToWire(BucketRange model) => new() { Start = model.Start, End = model.End };
}
