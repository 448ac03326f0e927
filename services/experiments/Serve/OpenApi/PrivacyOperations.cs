using CroPlatform.Services.Experiments.Receive.Privacy;
using CroPlatform.Services.Experiments.Serve.Privacy;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>What people may ask of whoever keeps data about them.</summary>
internal static class PrivacyOperations
{
    private const string Privacy = "privacy";
    private const string Example = """{"visitor_id": "v-1", "user_id": "u-1"}""";

    public static IReadOnlyList<Operation> All { get; } =
    [
        new("POST", "/api/v1/exports", Privacy, "Everything that is kept about a person, from log, analysis, quarantine and assignment.", "admin", "admin")
        {
            Body = typeof(PersonRequest),
            Example = Example,
            AnswerExample = """{"items": [{"source": "log", "data": {"id": "e-1", "type": "purchase", "visitor_id": "v-1", "timestamp": "2026-01-31T12:00:00+00:00"}}]}""",
        },
        new("POST", "/api/v1/erasures", Privacy, "Forget what a person did up to now, everywhere; results are restated.", "admin", "admin")
        {
            Body = typeof(PersonRequest), Example = Example, Status = StatusCodes.Status202Accepted, Answer = typeof(ErasureRow), IsCommand = true,
        },
        new("GET", "/api/v1/erasures", Privacy, "The site's erasures, the newest first.", "admin", "admin") { Query = ["limit", "offset", "sort"] },
        new("GET", "/api/v1/erasures/{id}", Privacy, "The receipt: whether it is carried out everywhere, and what of.", "admin", "admin") { Answer = typeof(ErasureReceipt) },
    ];
}
