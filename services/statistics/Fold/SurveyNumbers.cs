using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>Units by a dimension's value. <paramref name="Dimension"/> is an index into <see cref="Dimensions.Names"/>.</summary>
internal readonly record struct SliceKey(int Dimension, string Value, int Phase, int Variant);

/// <summary>Outcomes of one day since the exposure; <paramref name="Age"/> 0 begins with it.</summary>
internal readonly record struct AgeKey(int Age, int Phase, int Variant);

/// <summary>Units of an excluded class as if it were let in.</summary>
internal readonly record struct ClassKey(string Class, int Phase, int Variant);

/// <summary>
/// What a walk over all units of an experiment finds beyond its aggregates: outcomes by dimension, by time since exposure, of excluded
/// classes, and what became of each exposure. The same in whatever order units come.
/// </summary>
internal sealed class SurveyNumbers(Experiment experiment)
{
    /// <summary>Days since exposure that are told apart.</summary>
    public const int Ages = 14;

    /// <summary>Values of a dimension that are analysed apart; all others are one.</summary>
    public const int MaxValues = 32;

    private const long DayMs = 86_400_000;

    public Experiment Experiment { get; } = experiment;
    public Dictionary<SliceKey, Cell> Slices { get; } = [];
    public Dictionary<AgeKey, Cell> ByAge { get; } = [];
    public Dictionary<ClassKey, Cell> Classes { get; } = [];
    public ExposureCounts Exposures { get; private set; }

    /// <summary>Of this walk alone: it is not stored.</summary>
    public CapCut Cut { get; } = new(experiment);

    /// <summary>Units with any exposure to the experiment.</summary>
    public long Units { get; private set; }

    /// <summary>Restores what was stored.</summary>
    public void Restore(ExposureCounts exposures, long units) => (Exposures, Units) = (exposures, units);

    /// <param name="values">The values of each dimension that are told apart.</param>
    public void Add(ExperimentFold fold, UnitHistory history, UnitSurvey unit, TimeZoneInfo zone, IReadOnlyList<IReadOnlySet<string>> values, long nowMs)
    {
        Units++;
        var (all, one) = (Exposures, unit.Exposures);
        Exposures = new ExposureCounts(
            all.Counted + one.Counted, all.Repeated + one.Repeated, all.Outside + one.Outside, all.Unknown + one.Unknown,
            all.Mismatched + one.Mismatched, all.Weightless + one.Weightless);
        if (unit.Exposed is not { } exposed) return;
        if (unit.Contribution.Standing == Standing.Analysed)
        {
            AddSlices(history, unit, exposed, zone, values);
            AddAges(fold, history, unit, exposed, nowMs);
            Cut.Add(unit.Contribution.Outcomes);
            return;
        }

        var key = new ClassKey(unit.IsMismatched ? ExclusionClass.Mismatch : ClassOf(unit.Contribution.Standing), unit.Phase, unit.Variant);
        At(Classes, key).Add(new UnitOutcomes(Experiment, history.Unit, fold.OutcomesFrom(history, exposed)), 1);
    }

    private void AddSlices(UnitHistory history, UnitSurvey unit, Fact exposed, TimeZoneInfo zone, IReadOnlyList<IReadOnlySet<string>> values)
    {
        var its = Dimensions.ValuesOf(history, exposed, zone);
        for (var i = 0; i < its.Length; i++)
        {
            var key = new SliceKey(i, values[i].Contains(its[i]) ? its[i] : Dimensions.Other, unit.Phase, unit.Variant);
            At(Slices, key).Add(new UnitOutcomes(Experiment, history.Unit, unit.Contribution.Outcomes), 1);
        }
    }

    /// <summary>Only days that are over for the unit: a day that was watched in part would count as one without outcomes.</summary>
    private void AddAges(ExperimentFold fold, UnitHistory history, UnitSurvey unit, Fact exposed, long nowMs)
    {
        var until = Experiment.StoppedMs > 0 ? Experiment.StoppedMs : nowMs;
        for (var age = 0; age < Ages; age++)
        {
            var from = exposed.TimeMs + age * DayMs;
            if (from + DayMs > until) return;
            At(ByAge, new AgeKey(age, unit.Phase, unit.Variant)).Add(new UnitOutcomes(Experiment, history.Unit, fold.OutcomesBetween(history, from, from + DayMs)), 1);
        }
    }

    private Cell At<TKey>(Dictionary<TKey, Cell> cells, TKey key)
        where TKey : notnull
    {
        if (!cells.TryGetValue(key, out var cell)) cells[key] = cell = new Cell(Experiment.Metrics.Length);
        return cell;
    }

    private static string ClassOf(Standing standing) => standing == Standing.Bot ? ExclusionClass.Bot : ExclusionClass.Crossover;
}
