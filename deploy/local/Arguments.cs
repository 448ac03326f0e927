namespace CroPlatform.Local;

/// <summary>A command's arguments, taken one by one; what nobody took is an error.</summary>
internal sealed class Arguments(IEnumerable<string> words)
{
    private readonly List<string> _words = [.. words];

    /// <summary>True if the flag is there.</summary>
    public bool Flag(string name) => _words.Remove(name);

    /// <summary>The value of <c>--name value</c> or <c>--name=value</c>, or null.</summary>
    /// <exception cref="UsageException">The option is there and its value is not.</exception>
    public string? Option(string name)
    {
        for (var i = 0; i < _words.Count; i++)
        {
            if (_words[i].StartsWith(name + "=", StringComparison.Ordinal))
            {
                var value = _words[i][(name.Length + 1)..];
                _words.RemoveAt(i);
                return value;
            }

            if (_words[i] != name)
                continue;
            if (i + 1 == _words.Count)
                throw new UsageException($"{name} needs a value");
            var next = _words[i + 1];
            _words.RemoveRange(i, 2);
            return next;
        }

        return null;
    }

    /// <summary>A whole number from <paramref name="low"/> to <paramref name="high"/>, or null where the option is absent.</summary>
    /// <exception cref="UsageException">The value is not such a number.</exception>
    public int? Number(string name, int low, int high)
    {
        if (Option(name) is not { } text)
            return null;
        return int.TryParse(text, out var number) && number >= low && number <= high
            ? number
            : throw new UsageException($"{name} is a number from {low} to {high}, not '{text}'");
    }

    /// <summary>The next word that is no option, or null.</summary>
    public string? Word()
    {
        var index = _words.FindIndex(word => !word.StartsWith('-'));
        if (index < 0)
            return null;
        var found = _words[index];
        _words.RemoveAt(index);
        return found;
    }

    /// <summary>All that is left, as it stands.</summary>
    public IReadOnlyList<string> Rest()
    {
        string[] rest = [.. _words];
        _words.Clear();
        return rest;
    }

    /// <exception cref="UsageException">Something is left that the command does not know.</exception>
    public void End()
    {
        if (_words.Count > 0)
            throw new UsageException($"what is '{_words[0]}'?");
    }
}
