using System.Text.Json;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>Turns the JSON of a condition into predicates, once.</summary>
internal sealed class ConditionCompiler(IReadOnlyDictionary<string, JsonElement> groups, bool strict)
{
    private static readonly JsonElement Null = JsonDocument.Parse("null").RootElement;

    private int _nodes;
    private int _values;

    /// <summary>The first names of the fields that are read.</summary>
    public HashSet<string> Attributes { get; } = [];

    /// <summary>The saved groups that are named.</summary>
    public HashSet<string> Groups { get; } = [];

    /// <summary>A condition over an object: every member must hold.</summary>
    public Predicate<JsonElement> Object(JsonElement json, int depth)
    {
        Count(depth);
        if (json.ValueKind != JsonValueKind.Object) throw new FormatException("a condition must be an object");
        return All([.. json.EnumerateObject().Select(m => Member(m, depth))]);
    }

    private Predicate<JsonElement> Member(JsonProperty member, int depth)
    {
        switch (member.Name)
        {
            case "$or": return Any(member.Value, depth);
            case "$nor": return Not(Any(member.Value, depth));
            case "$and": return All(List(member.Value, depth));
            case "$not": return Not(Object(member.Value, depth + 1));
            default:
                var path = member.Name.Split('.');
                Attributes.Add(path[0]);
                var value = Value(member.Value, depth + 1);
                return a => value(At(a, path));
        }
    }

    private Predicate<JsonElement> Any(JsonElement json, int depth)
    {
        var conditions = List(json, depth);
        return a =>
        {
            foreach (var condition in conditions)
            {
                if (condition(a)) return true;
            }

            return conditions.Length == 0;
        };
    }

    private static Predicate<JsonElement> All(Predicate<JsonElement>[] conditions) => conditions.Length == 1 ? conditions[0] : a =>
    {
        foreach (var condition in conditions)
        {
            if (!condition(a)) return false;
        }

        return true;
    };

    private static Predicate<JsonElement> Not(Predicate<JsonElement> condition) => a => !condition(a);

    private Predicate<JsonElement>[] List(JsonElement json, int depth) => json.ValueKind == JsonValueKind.Array
        ? [.. json.EnumerateArray().Select(c => Object(c, depth + 1))]
        : throw new FormatException("$or, $nor and $and take an array of conditions");

    /// <summary>A condition over one value: operators, or something to be equal to.</summary>
    private Predicate<JsonElement> Value(JsonElement json, int depth, bool ignoreCase = false)
    {
        Count(depth);
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                var text = json.GetString()!;
                return ignoreCase
                    ? v => string.Equals(JavaScript.Text(v), text, StringComparison.OrdinalIgnoreCase)
                    : v => v.ValueKind == JsonValueKind.String ? v.ValueEquals(text) : JavaScript.Text(v) == text;
            case JsonValueKind.Number:
                var number = json.GetDouble();
                return v => JavaScript.Number(v) == number;
            case JsonValueKind.True or JsonValueKind.False:
                var flag = json.ValueKind == JsonValueKind.True;
                return v => v.ValueKind != JsonValueKind.Null && JavaScript.IsTruthy(v) == flag;
            case JsonValueKind.Null: return v => v.ValueKind == JsonValueKind.Null;
            case JsonValueKind.Object when IsOperators(json):
                return All([.. json.EnumerateObject().Select(o => Operator(o.Name, o.Value, depth + 1))]);
            default: return v => JavaScript.HasSameText(v, json);
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
            case "$in": return In(operand);
            case "$ini": return In(operand, ignoreCase: true);
            case "$nin": return In(operand, negated: true);
            case "$nini": return In(operand, ignoreCase: true, negated: true);
            case "$inGroup": return Group(operand);
            case "$notInGroup": return Group(operand, negated: true);
            case "$not": return Not(Value(operand, depth + 1));
            case "$size":
                var size = Value(operand, depth + 1);
                return v => v.ValueKind == JsonValueKind.Array && size(JavaScript.Element(v.GetArrayLength()));
            case "$elemMatch":
                var element = IsOperators(operand) ? Value(operand, depth + 1) : Object(operand, depth + 1);
                return v => v.ValueKind == JsonValueKind.Array && v.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Null && element(e));
            case "$all": return AllIn(operand, depth, ignoreCase: false);
            case "$alli": return AllIn(operand, depth, ignoreCase: true);
            case "$regex": return Regex(operand, ignoreCase: false);
            case "$regexi": return Regex(operand, ignoreCase: true);
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

    private Predicate<JsonElement> In(JsonElement operand, bool ignoreCase = false, bool negated = false)
    {
        if (operand.ValueKind != JsonValueKind.Array)
        {
            return strict ? throw new FormatException("$in, $nin, $ini and $nini take an array") : _ => false;
        }

        CountValues(operand.GetArrayLength());
        var members = new ValueSet(operand, ignoreCase);
        return v => members.Contains(v) != negated;
    }

    private Predicate<JsonElement> Group(JsonElement operand, bool negated = false)
    {
        if (operand.ValueKind != JsonValueKind.String)
        {
            return strict ? throw new FormatException("$inGroup and $notInGroup take the key of a saved group") : _ => negated;
        }

        var key = operand.GetString()!;
        Groups.Add(key);
        if (!groups.TryGetValue(key, out var group) || group.ValueKind != JsonValueKind.Array) return _ => negated;
        var members = new ValueSet(group);
        return v => members.Contains(v) != negated;
    }

    private Predicate<JsonElement> AllIn(JsonElement operand, int depth, bool ignoreCase)
    {
        if (operand.ValueKind != JsonValueKind.Array) return strict ? throw new FormatException("$all and $alli take an array") : _ => false;
        CountValues(operand.GetArrayLength());
        var wanted = operand.EnumerateArray().Select(w => Value(w, depth + 1, ignoreCase)).ToArray();
        return v => v.ValueKind == JsonValueKind.Array && Array.TrueForAll(wanted, w => v.EnumerateArray().Any(e => w(e)));
    }

    private Predicate<JsonElement> Regex(JsonElement operand, bool ignoreCase)
    {
        Pattern pattern;
        try
        {
            pattern = Pattern.Parse(JavaScript.Text(operand), ignoreCase);
        }
        catch (FormatException) when (!strict)
        {
            return _ => false;
        }

        return v => pattern.Matches(JavaScript.Text(v));
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
        if (depth > Condition.MaxDepth) throw new FormatException($"a condition may be nested {Condition.MaxDepth} deep");
        if (++_nodes > Condition.MaxNodes) throw new FormatException($"a condition may have {Condition.MaxNodes} parts");
    }

    private void CountValues(int more)
    {
        _values += more;
        if (_values > Condition.MaxValues) throw new FormatException($"a condition may list {Condition.MaxValues} values; a saved group takes more");
    }
}
