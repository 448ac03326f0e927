namespace CroPlatform.Local.Run;

/// <summary>Servers that the caller runs elsewhere and that are used instead of local ones; null means a local one.</summary>
/// <param name="Kafka">Bootstrap servers, host:port,… (<c>CRO_KAFKA</c>).</param>
/// <param name="Postgres">A connection string for Npgsql (<c>CRO_POSTGRES</c>).</param>
/// <param name="Redis">host:port (<c>CRO_REDIS</c>).</param>
/// <param name="RedisPassword"><c>CRO_REDIS_PASSWORD</c>, where it asks for one.</param>
internal sealed record OutsideServers(string? Kafka, string? Postgres, string? Redis, string? RedisPassword)
{
    public static OutsideServers FromEnvironment() => new(Read("CRO_KAFKA"), Read("CRO_POSTGRES"), Read("CRO_REDIS"), Read("CRO_REDIS_PASSWORD"));

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
