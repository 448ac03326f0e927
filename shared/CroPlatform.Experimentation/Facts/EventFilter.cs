using System.Text;
using System.Text.Json;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.Facts;

/// <summary>
/// A metric's condition on events. One instance for each text, and each fact remembers what filters said of it: all experiments that measure by one filter
/// ask it again of all facts of a unit whenever an event of the unit comes.
/// </summary>
internal sealed class EventFilter
{
    private const int Places = 1 << 10;

    /// <summary>More filters on one type of events are asked each time.</summary>
    private const int MostAnswers = 8;

    private static readonly EventFilter?[] Known = new EventFilter?[Places];

    private readonly string _text;
    private readonly Condition _condition;

    private EventFilter(string text)
    {
        _text = text;
        using var document = JsonDocument.Parse(text);
        _condition = Condition.Parse(document.RootElement);
    }

    /// <summary>The filter of this text. Bounded: one that falls on another's place takes it.</summary>
    public static EventFilter Of(ReadOnlyMemory<byte> json)
    {
        var text = Encoding.UTF8.GetString(json.Span);
        ref var place = ref Known[string.GetHashCode(text, StringComparison.Ordinal) & (Places - 1)];
        if (place is { } known && known._text == text) return known;
        return place = new EventFilter(text);
    }

    public bool Holds(Fact fact)
    {
        var answers = 0;
        for (var answer = fact.Answers; answer is not null; answer = answer.Next)
        {
            if (ReferenceEquals(answer.Filter, this)) return answer.Holds;
            answers++;
        }

        var holds = Ask(fact);
        if (answers < MostAnswers) fact.Answers = new FilterAnswer(this, holds, fact.Answers);
        return holds;
    }

    /// <summary>The condition sees the event's properties, at the top and under <c>properties</c>, and its <c>type</c> and <c>value</c>.</summary>
    private bool Ask(Fact fact)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (!fact.Properties.IsEmpty)
            {
                using var properties = JsonDocument.Parse(fact.Properties);
                foreach (var property in properties.RootElement.EnumerateObject()) property.WriteTo(writer);
                writer.WritePropertyName("properties");
                properties.RootElement.WriteTo(writer);
            }

            writer.WriteString("type", fact.Type);
            if (fact.ValueE4 is { } value) writer.WriteNumber("value", Scaled.ToDouble(value));
            writer.WriteEndObject();
        }

        using var attributes = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        return _condition.Holds(attributes.RootElement);
    }
}

/// <summary>What a filter said of a fact, and what others did.</summary>
internal sealed record FilterAnswer(EventFilter Filter, bool Holds, FilterAnswer? Next);
