using System.Text.Json;

namespace CroPlatform.Demo.Api;

/// <summary>What endpoints.json says: where the platform is, and the site's keys.</summary>
internal sealed record Endpoints(string Public, string WriteKey, string ServerKey, string AdminKey, string AssignmentGrpc)
{
    public static Endpoints Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        var root = document.RootElement;
        return new Endpoints(
            Text("public"), Text("write_key"), Text("server_key"), Text("admin_key"),
            "http://" + root.GetProperty("services").GetProperty("assignment").GetProperty("grpc").GetString());

        string Text(string name) => root.GetProperty(name).GetString()!;
    }
}
