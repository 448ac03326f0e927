namespace CroPlatform.Local;

/// <summary>Where the sources are: the folder that holds CroPlatform.sln.</summary>
internal static class Checkout
{
    public const string Configuration = "Release";

    public static string Root { get; } = Find();

    /// <summary>A file or folder of the checkout, by its path from the root.</summary>
    public static string Path(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>The built assembly of a project, by the project's folder and its assembly's name.</summary>
    public static string Assembly(string folder, string name) => Path(folder, "bin", Configuration, "net10.0", name + ".dll");

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, "CroPlatform.sln")))
                return folder;
        }

        throw new InvalidOperationException($"no CroPlatform.sln above {AppContext.BaseDirectory}");
    }
}
