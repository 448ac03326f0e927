using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CroPlatform.Redis;

public sealed record RedisOptions
{
    public const string Section = "Redis";

    [Required(ErrorMessage = "Redis:Endpoint must be set, say localhost:6379")]
    public string Endpoint { get; init; } = "";

    public string? Password { get; init; }

    /// <summary>A slower answer counts as none.</summary>
    [Range(10, 60_000)] public int TimeoutMs { get; init; } = 1_000;
}

/// <summary>
/// Redis as a cache that may be away: every operation says whether it happened, none throws for a lost server, and the connection comes
/// back by itself. Nothing is kept in Redis alone.
/// </summary>
public sealed partial class RedisCache(IOptions<RedisOptions> options, ILogger<RedisCache> logger) : IDisposable
{
    private readonly SemaphoreSlim _connecting = new(1);
    private ConnectionMultiplexer? _connection;
    private bool _wasLost;

    /// <summary>Runs a command; false if Redis did not answer.</summary>
    public async Task<bool> TryAsync(Func<IDatabase, Task> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        try
        {
            await command((await ConnectAsync()).GetDatabase());
            if (_wasLost) LogBack(options.Value.Endpoint);
            _wasLost = false;
            return true;
        }
        catch (Exception e) when (e is RedisConnectionException or RedisServerException or TimeoutException or TaskCanceledException)
        {
            if (!_wasLost) LogLost(options.Value.Endpoint, e.Message);
            _wasLost = true;
            return false;
        }
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _connecting.Dispose();
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        if (_connection is { } open) return open;
        await _connecting.WaitAsync();
        try
        {
            return _connection ??= await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
            {
                EndPoints = { options.Value.Endpoint },
                Password = options.Value.Password,
                AbortOnConnectFail = false,
                ConnectTimeout = options.Value.TimeoutMs,
                SyncTimeout = options.Value.TimeoutMs,
                ResponseTimeout = options.Value.TimeoutMs,
                ConnectRetry = 1,
                KeepAlive = 10,
            });
        }
        finally
        {
            _connecting.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "redis {Endpoint} is away: {Reason}")]
    private partial void LogLost(string endpoint, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "redis {Endpoint} is back")]
    private partial void LogBack(string endpoint);
}

public static class RedisRegistration
{
    public static IServiceCollection AddRedis(this IServiceCollection services)
    {
        services.AddOptions<RedisOptions>().BindConfiguration(RedisOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<RedisCache>();
    }
}
