namespace CroPlatform.Services.Experiments.Receive;

/// <summary>
/// Experiments with all that they name, as a file to keep and review: what GET /api/v1/export gives and POST /api/v1/import takes. Everything is in
/// the order of its keys, so that two files differ only where their contents do.
/// </summary>
public sealed record ExportFile
{
    public const string CurrentFormat = "cro.export/1";

    public string? Format { get; init; }
    public IReadOnlyList<MetricRequest?>? Metrics { get; init; }
    public IReadOnlyList<SavedGroupRequest?>? SavedGroups { get; init; }
    public IReadOnlyList<TemplateRequest?>? Templates { get; init; }
    public IReadOnlyList<ExperimentRequest?>? Experiments { get; init; }
}
