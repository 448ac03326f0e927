namespace CroPlatform.Local.Run;

/// <summary>A process of the platform, and how to tell that it is ready.</summary>
internal sealed record Component
{
    public required string Name { get; init; }

    /// <summary>Where it listens, for people; known once it is ready.</summary>
    public required Func<string> Address { get; init; }

    public required ProcessSpec Spec { get; init; }

    /// <summary>Null once it is ready, else what it lacks.</summary>
    public required Func<CancellationToken, Task<string?>> Probe { get; init; }

    /// <summary>Ports that must be free before it starts.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(90);
}
