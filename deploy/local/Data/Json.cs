using System.Text.Json;

namespace CroPlatform.Local.Data;

/// <summary>How the files of a data folder are written: snake_case names, indented.</summary>
internal static class Json
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";

    /// <exception cref="FailureException">The file is not what it should be.</exception>
    public static T Read<T>(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(file), Options) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new FailureException($"{file} cannot be read ({error.Message}); run './cro down', delete the file, then './cro up'");
        }
    }
}
