namespace CroPlatform.Bench;

/// <summary>Something that keeps a measurement from being made, with what to do about it.</summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>How long and how often everything is measured. Arguments: <c>warmup=</c>, <c>seconds=</c>, <c>rounds=</c>, and the measurement's own.</summary>
internal sealed class Settings
{
    private readonly Dictionary<string, int> _values = [];

    /// <param name="words"><c>name=number</c> each.</param>
    /// <param name="own">The measurement's own arguments with their defaults.</param>
    public Settings(string[] words, params ReadOnlySpan<(string Name, int Value)> own)
    {
        (_values["warmup"], _values["seconds"], _values["rounds"]) = (2, 5, 3);
        foreach (var (name, value) in own) _values[name] = value;
        foreach (var word in words)
        {
            if (word.Split('=') is not [var name, var text] || !_values.TryGetValue(name, out var usual) || !int.TryParse(text, out var value) || value < Math.Min(1, usual))
            {
                throw new BenchException($"what is '{word}'? Known are {string.Join(", ", _values.Select(v => $"{v.Key}={v.Value}"))}");
            }

            _values[name] = value;
        }
    }

    public int this[string name] => _values[name];

    public TimeSpan WarmUp => TimeSpan.FromSeconds(_values["warmup"]);

    public TimeSpan Length => TimeSpan.FromSeconds(_values["seconds"]);

    /// <summary>Each thing is measured so often, in turn with the others; the median round is told.</summary>
    public int Rounds => _values["rounds"];

    public override string ToString() => string.Join(' ', _values.Select(v => $"{v.Key}={v.Value}"));
}
