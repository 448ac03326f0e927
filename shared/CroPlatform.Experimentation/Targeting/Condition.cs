using System.Text.Json;
using System.Text.RegularExpressions;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>
/// GrowthBook's targeting conditions, compiled: Mongo-like JSON over attributes, with the operators and JavaScript semantics of its SDK
/// specification (page "Build your own SDK", evalCondition). Immutable; evaluation is pure.
/// </summary>
public sealed class Condition
{
    /// <summary>More operators, fields and values than this are refused.</summary>
    public const int MaxNodes = 1_000;

    private const int MaxDepth = 32;
    private static readonly TimeSpan RegexLimit = TimeSpan.FromMilliseconds(50);
    private static readonly JsonElement Null = JsonDocument.Parse("null").RootElement;

    private readonly Predicate<JsonElement> _holds;

    private Condition(Predicate<JsonElement> holds) => _holds = holds;

    /// <summary>Whether it holds for these attributes, a JSON object.</summary>
    public bool Holds(JsonElement attributes) => _holds(attributes);

    /// <param name="json">The condition, a JSON object.</param>
    /// <param name="groups">Saved groups by id, each a JSON array; what $inGroup names.</param>
    /// <exception cref="FormatException">It is no object, too large, too deep, or has an operator that does not exist.</exception>
    public static Condition Parse(JsonElement json, IReadOnlyDictionary<string, JsonElement>? groups = null) =>
        new(new Compiler(groups ?? new Dictionary<string, JsonElement>(), strict: true).Object(json.Clone(), 1));

    /// <summary>As <see cref="Parse"/>, but an unknown operator never holds instead of being refused: the reference SDKs' way.</summary>
    public static Condition ParseLeniently(JsonElement json, IReadOnlyDictionary<string, JsonElement>? groups = null) =>
        new(new Compiler(groups ?? new Dictionary<string, JsonElement>(), strict: false).Object(json.Clone(), 1));

    private sealed class Compiler(IReadOnlyDictionary<string, JsonElement> groups, bool strict)
    {
        private int _nodes;

        /// <summary>A condition over an object: every member must hold.</summary>
        public Predicate<JsonElement> Object(JsonElement json, int depth)
        {
            Count(depth);
            if (json.ValueKind != JsonValueKind.Object) throw new FormatException("a condition must be an object");
            var members = json.EnumerateObject().Select(m => Member(m, depth)).ToArray();
            return attributes => Array.TrueForAll(members, m => m(attributes));
        }

        private Predicate<JsonElement> Member(JsonProperty member, int depth)
        {
            switch (member.Name)
            {
                case "$or": return Any(member.Value, depth);
                case "$nor":
                    var any = Any(member.Value, depth);
                    return a => !any(a);
                case "$and":
                    var all = List(member.Value, depth);
                    return a => Array.TrueForAll(all, c => c(a));
                case "$not":
                    var not = Object(member.Value, depth + 1);
                    return a => !not(a);
                default:
                    var path = member.Name.Split('.');
                    var value = Value(member.Value, depth + 1, insensitive: false);
                    return a => value(At(a, path));
            }
        }

        private Predicate<JsonElement> Any(JsonElement json, int depth)
        {
            var conditions = List(json, depth);
            return a => conditions.Length == 0 || Array.Exists(conditions, c => c(a));
        }

        private Predicate<JsonElement>[] List(JsonElement json, int depth) => json.ValueKind == JsonValueKind.Array
            ? [.. json.EnumerateArray().Select(c => Object(c, depth + 1))]
            : throw new FormatException("$or, $nor and $and take an array of conditions");

        /// <summary>A condition over one value: operators, or something to be equal to.</summary>
        private Predicate<JsonElement> Value(JsonElement json, int depth, bool insensitive)
        {
            Count(depth);
            switch (json.ValueKind)
            {
                case JsonValueKind.String:
                    var text = json.GetString()!;
                    return insensitive
                        ? v => string.Equals(JavaScript.Text(v), text, StringComparison.OrdinalIgnoreCase)
                        : v => JavaScript.Text(v) == text;
                case JsonValueKind.Number:
                    var number = json.GetDouble();
                    return v => JavaScript.Number(v) == number;
                case JsonValueKind.True or JsonValueKind.False:
                    var flag = json.ValueKind == JsonValueKind.True;
                    return v => v.ValueKind != JsonValueKind.Null && JavaScript.IsTruthy(v) == flag;
                case JsonValueKind.Null: return v => v.ValueKind == JsonValueKind.Null;
                case JsonValueKind.Object when IsOperators(json):
                    var operators = json.EnumerateObject().Select(o => Operator(o.Name, o.Value, depth + 1)).ToArray();
                    return v => Array.TrueForAll(operators, o => o(v));
                default: return v => JsonElement.DeepEquals(v, json);
            }
        }

        private Predicate<JsonElement> Operator(string name, JsonElement operand, int depth)
        {
            Count(depth);
            switch (name)
            {
                case "$eq": return v => JavaScript.AreSame(v, operand);
                case "$ne": return v => !JavaScript.AreSame(v, operand);
                case "$lt": return v => JavaScript.Compare(v, operand) < 0;
                case "$lte": return v => JavaScript.Compare(v, operand) <= 0;
                case "$gt": return v => JavaScript.Compare(v, operand) > 0;
                case "$gte": return v => JavaScript.Compare(v, operand) >= 0;
                case "$veq": return Version(operand, c => c == 0);
                case "$vne": return Version(operand, c => c != 0);
                case "$vlt": return Version(operand, c => c < 0);
                case "$vlte": return Version(operand, c => c <= 0);
                case "$vgt": return Version(operand, c => c > 0);
                case "$vgte": return Version(operand, c => c >= 0);
                case "$exists":
                    var wanted = JavaScript.IsTruthy(operand);
                    return v => v.ValueKind != JsonValueKind.Null == wanted;
                case "$in": return In(operand, insensitive: false, negated: false);
                case "$ini": return In(operand, insensitive: true, negated: false);
                case "$nin": return In(operand, insensitive: false, negated: true);
                case "$nini": return In(operand, insensitive: true, negated: true);
                case "$inGroup": return Group(operand, negated: false);
                case "$notInGroup": return Group(operand, negated: true);
                case "$not":
                    var not = Value(operand, depth + 1, insensitive: false);
                    return v => !not(v);
                case "$size":
                    var size = Value(operand, depth + 1, insensitive: false);
                    return v => v.ValueKind == JsonValueKind.Array && size(JavaScript.Element(v.GetArrayLength()));
                case "$elemMatch":
                    var element = IsOperators(operand) ? Value(operand, depth + 1, insensitive: false) : Object(operand, depth + 1);
                    return v => v.ValueKind == JsonValueKind.Array && v.EnumerateArray().Any(e => element(e));
                case "$all": return All(operand, depth, insensitive: false);
                case "$alli": return All(operand, depth, insensitive: true);
                case "$regex": return Pattern(operand, RegexOptions.None);
                case "$regexi": return Pattern(operand, RegexOptions.IgnoreCase);
                case "$type":
                    var type = operand.ValueKind == JsonValueKind.String ? operand.GetString() : null;
                    return v => JavaScript.TypeOf(v) == type;
                default:
                    return strict ? throw new FormatException($"there is no operator {name}") : _ => false;
            }
        }

        private static Predicate<JsonElement> Version(JsonElement operand, Predicate<int> holds)
        {
            var padded = PaddedVersion.Of(operand);
            return v => holds(string.CompareOrdinal(PaddedVersion.Of(v), padded));
        }

        private static Predicate<JsonElement> In(JsonElement operand, bool insensitive, bool negated)
        {
            if (operand.ValueKind != JsonValueKind.Array) return _ => false;
            var members = operand.EnumerateArray().ToArray();
            return v => IsIn(v, members, insensitive) != negated;
        }

        private Predicate<JsonElement> Group(JsonElement operand, bool negated)
        {
            var members = operand.ValueKind == JsonValueKind.String && groups.TryGetValue(operand.GetString()!, out var group)
                && group.ValueKind == JsonValueKind.Array ? group.EnumerateArray().Select(m => m.Clone()).ToArray() : [];
            return v => IsIn(v, members, insensitive: false) != negated;
        }

        /// <summary>An array is in if any of its elements is.</summary>
        private static bool IsIn(JsonElement value, JsonElement[] members, bool insensitive) => value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Any(e => IsMember(e, members, insensitive))
            : IsMember(value, members, insensitive);

        private static bool IsMember(JsonElement value, JsonElement[] members, bool insensitive) => Array.Exists(members, m =>
            insensitive && m.ValueKind == JsonValueKind.String && value.ValueKind == JsonValueKind.String
                ? string.Equals(m.GetString(), value.GetString(), StringComparison.OrdinalIgnoreCase)
                : JavaScript.AreSame(value, m));

        private Predicate<JsonElement> All(JsonElement operand, int depth, bool insensitive)
        {
            if (operand.ValueKind != JsonValueKind.Array) return _ => false;
            var wanted = operand.EnumerateArray().Select(w => Value(w, depth + 1, insensitive)).ToArray();
            return v => v.ValueKind == JsonValueKind.Array && Array.TrueForAll(wanted, w => v.EnumerateArray().Any(e => w(e)));
        }

        /// <summary>A pattern that cannot be read, or takes too long on a value, does not hold.</summary>
        private static Predicate<JsonElement> Pattern(JsonElement operand, RegexOptions options)
        {
            Regex pattern;
            try
            {
                pattern = new Regex(JavaScript.Text(operand), options | RegexOptions.CultureInvariant, RegexLimit);
            }
            catch (ArgumentException)
            {
                return _ => false;
            }

            return v =>
            {
                try
                {
                    return pattern.IsMatch(JavaScript.Text(v));
                }
                catch (RegexMatchTimeoutException)
                {
                    return false;
                }
            };
        }

        private static bool IsOperators(JsonElement json) =>
            json.ValueKind == JsonValueKind.Object && json.EnumerateObject().Any() && json.EnumerateObject().All(m => m.Name.StartsWith('$'));

        private static JsonElement At(JsonElement value, string[] path)
        {
            foreach (var name in path)
            {
                if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value)) return Null;
            }

            return value;
        }

        private void Count(int depth)
        {
            if (depth > MaxDepth) throw new FormatException($"a condition may be nested {MaxDepth} deep");
            if (++_nodes > MaxNodes) throw new FormatException($"a condition may have {MaxNodes} parts");
        }
    }
}
