using System.Text;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.Hostile;

/// <summary>Bodies made from good ones by putting a bad value in the place of one of theirs.</summary>
internal static class HostileValues
{
    private const string Mark = "@@here@@";

    /// <summary>JSON tokens: text that no store or file takes, numbers beyond every range, whatever somebody may try to have executed.</summary>
    private static readonly string[] Tokens =
    [
        """ "a\u0000b" """, """ "\ud800" """, """ "\udc00\ud800" """, """ "😀𝔘\u202e" """, """ "'; drop schema experiments cascade; --" """,
        """ "=cmd|' /C calc'!A0" """, """ "x\r\n2026-01-01 forged line" """, """ "../../etc/passwd" """, """ "${jndi:ldap://x}{{7*7}}" """,
        "1e400", "-1e400", "9223372036854775808", "-1", "1e-400", "true", "null", "[]", "{}", $"\"{new string('x', 20_000)}\"",
    ];

    /// <summary>Bodies that are no JSON, or none that anybody should send.</summary>
    public static IEnumerable<(string Name, string Body)> Bodies(JsonNode example)
    {
        yield return ("depth of 10 000", string.Concat(Enumerable.Repeat("""{"a":""", 10_000)));
        yield return ("list of lists", new string('[', 100_000) + new string(']', 100_000));
        yield return ("as many keys as there is room for", "{" + string.Join(',', Enumerable.Range(0, 70_000).Select(i => $"\"k{i}\":1")) + "}");
        yield return ("NaN", """{"key": NaN}""");
        yield return ("Infinity", """{"key": Infinity}""");
        yield return ("cut", example.ToJsonString()[..^1]);
        yield return ("two documents", example.ToJsonString() + example.ToJsonString());
        yield return ("nothing", "");
        yield return ("a number", "7");
        if (example is JsonObject { Count: > 0 } members)
        {
            var first = members.First();
            yield return ("duplicate key", $"{{\"{first.Key}\": 1, {example.ToJsonString()[1..]}");
            yield return ("ten thousand more members", $"{{{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"extra{i}\":\"x\""))}, {example.ToJsonString()[1..]}");
        }
    }

    /// <summary>The example with each of its values replaced by each bad one.</summary>
    public static IEnumerable<(string Name, string Body)> Mutations(JsonNode example)
    {
        foreach (var path in Paths(example, []).ToList())
        {
            var copy = example.DeepClone();
            Set(copy, path, Mark);
            var text = copy.ToJsonString();
            foreach (var token in Tokens)
            {
                yield return ($"{string.Join('.', path)} = {(token.Length > 40 ? token[..40] : token).Trim()}", text.Replace($"\"{Mark}\"", token.Trim(), StringComparison.Ordinal));
            }
        }
    }

    private static IEnumerable<object[]> Paths(JsonNode? node, object[] at)
    {
        if (node is JsonObject members)
        {
            foreach (var (name, value) in members)
            {
                foreach (var path in Paths(value, [.. at, name])) yield return path;
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < Math.Min(items.Count, 1); i++)
            {
                foreach (var path in Paths(items[i], [.. at, i])) yield return path;
            }
        }

        if (at.Length > 0) yield return at;
    }

    private static void Set(JsonNode root, object[] path, string value)
    {
        var parent = path[..^1].Aggregate(root, (node, step) => step is int i ? node[i]! : node[(string)step]!);
        if (path[^1] is int index) parent[index] = value;
        else parent[(string)path[^1]] = value;
    }

    /// <summary>A body of UTF-8 that is none.</summary>
    public static byte[] BrokenUtf8(JsonNode example) => [.. Encoding.UTF8.GetBytes(example.ToJsonString())[..^1], 0xc3, 0x28, (byte)'}'];
}
