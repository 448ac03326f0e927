namespace CroPlatform.Experimentation.Facts;

/// <summary>What is kept of one event of a unit. Times are milliseconds since 1970 UTC.</summary>
/// <param name="Id">Hash of the event's id.</param>
/// <param name="TimeMs">When it happened.</param>
/// <param name="ReceivedMs">When the gateway first received it.</param>
/// <param name="Type">The event's type.</param>
/// <param name="ValueE4">Its value in units of 1e-4.</param>
/// <param name="Exposure">Of an exposure: what was shown.</param>
/// <param name="Properties">The event's properties as a JSON object in UTF-8; empty if it has none.</param>
public sealed record Fact(
    FactId Id, long TimeMs, long ReceivedMs, string Type, long? ValueE4 = null, Exposure? Exposure = null, ReadOnlyMemory<byte> Properties = default)
{
    /// <summary>True while its experiment is not known: it counts as held, not as counted.</summary>
    public bool Held { get; set; }

    /// <summary>What filters have said of it; two threads that ask at once may lose one, which is asked again then.</summary>
    internal FilterAnswer? Answers { get; set; }

    /// <summary>Came too late to count: only its id is known, so that copies are told from it.</summary>
    public bool IsOnlyRemembered => Type.Length == 0;
}

/// <summary>That a unit was shown a variant. <paramref name="Version"/> is 0 where the caller did not know it; without context nothing is known.</summary>
public sealed record Exposure(string Experiment, string Variant, int Version = 0, ExposureContext? Context = null);
