namespace CroPlatform.Architecture.Tests;

/// <summary>The files of the project these tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories).Where(f => !f.Split('/').Any(part => part is "bin" or "obj" or "node_modules"));

    private static string Find()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CroPlatform.sln"))) folder = folder.Parent ?? throw new InvalidOperationException("CroPlatform.sln is in no folder above");
        return folder.FullName;
    }
}
