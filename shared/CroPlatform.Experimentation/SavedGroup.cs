namespace CroPlatform.Experimentation;

/// <summary>A site's list of values that conditions name with $inGroup and $notInGroup.</summary>
/// <param name="Attribute">The attribute whose values they are, for people; a condition says itself what it compares.</param>
/// <param name="ValuesJson">A JSON array of strings and numbers in UTF-8.</param>
public sealed record SavedGroup(string Site, string Key, string Attribute, ReadOnlyMemory<byte> ValuesJson);
