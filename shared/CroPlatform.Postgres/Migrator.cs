using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CroPlatform.Postgres;

/// <summary>
/// Brings a service's own schema to the state its assembly knows: embedded resources named NNNN-what.sql run once, in order, each in its
/// own transaction, under an advisory lock, so that replicas starting together do not race.
/// </summary>
public static partial class Migrator
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Migrates as soon as Postgres answers, which after a crash of both may take it some time.</summary>
    /// <exception cref="InvalidOperationException">A migration that has run was changed afterwards.</exception>
    /// <exception cref="NpgsqlException">Postgres does not answer for a minute, or refuses for another reason than that it just starts.</exception>
    public static async Task MigrateWhenReadyAsync(NpgsqlDataSource source, string schema, Assembly assembly, ILogger logger, CancellationToken ct)
    {
        for (var since = Stopwatch.GetTimestamp(); ; await Task.Delay(Pause, ct))
        {
            try
            {
                await MigrateAsync(source, schema, assembly, logger, ct);
                return;
            }
            catch (NpgsqlException e) when (MayPass(e) && Stopwatch.GetElapsedTime(since) < Patience)
            {
                LogWait(logger, schema, e.Message);
            }
        }
    }

    /// <exception cref="InvalidOperationException">A migration that has run was changed afterwards.</exception>
    public static async Task MigrateAsync(NpgsqlDataSource source, string schema, Assembly assembly, ILogger logger, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(assembly);
        await using var db = await source.OpenConnectionAsync(ct);
        var lockKey = BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes("cro-migrate-" + schema)));
        await db.ExecuteAsync(new CommandDefinition("select pg_advisory_lock(@lockKey)", new { lockKey }, cancellationToken: ct));
        try
        {
            await db.ExecuteAsync(new CommandDefinition(
                $"""
                create schema if not exists "{schema}";
                create table if not exists "{schema}".migrations
                    (name text primary key, sha256 text not null, applied_at timestamptz not null default now());
                """,
                cancellationToken: ct));
            var applied = (await db.QueryAsync<(string Name, string Sha256)>("select name, sha256 from migrations")).ToDictionary(m => m.Name, m => m.Sha256);
            foreach (var (name, sql) in Scripts(assembly))
            {
                var sha256 = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
                if (applied.TryGetValue(name, out var known))
                {
                    if (known != sha256) throw new InvalidOperationException($"migration {name} has run and was changed since; add a new one instead");
                    continue;
                }

                await using var transaction = await db.BeginTransactionAsync(ct);
                await db.ExecuteAsync(new CommandDefinition(sql, transaction: transaction, cancellationToken: ct));
                await db.ExecuteAsync("insert into migrations (name, sha256) values (@name, @sha256)", new { name, sha256 }, transaction);
                await transaction.CommitAsync(ct);
                LogApplied(logger, schema, name);
            }
        }
        finally
        {
            await db.ExecuteAsync("select pg_advisory_unlock(@lockKey)", new { lockKey });
        }
    }

    /// <summary>Of several hosts none is the primary yet, or the server does not answer, or just starts.</summary>
    private static bool MayPass(NpgsqlException e) => e.IsTransient || e is not PostgresException;

    private static IEnumerable<(string Name, string Sql)> Scripts(Assembly assembly) =>
        assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(resource =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            return (resource, reader.ReadToEnd());
        });

    [LoggerMessage(Level = LogLevel.Warning, Message = "schema {Schema} waits for Postgres: {Reason}")]
    private static partial void LogWait(ILogger logger, string schema, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "schema {Schema}: applied {Name}")]
    private static partial void LogApplied(ILogger logger, string schema, string name);
}
